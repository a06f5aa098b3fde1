// The server with TLS, asked by OpenSSL's client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>

#include "asking.h"
#include "bart/platform/files.h"
#include "bart/random/mt19937.h"
#include "bart/serve/life.h"
#include "client.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Model two_class_model() {
  Mt19937 generator(1);
  return Model({.state = initial_state({.classes = 2, .image_size = 16}, generator), .classes = {"a", "b"}},
               {.threads = 1});
}

/// Writes a key and its self-signed certificate as NAME.key and NAME.pem.
void write_certificate(const fs::path& folder, const std::string& name) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"),
                             -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  X509_set_pubkey(certificate.get(), key.get());
  ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  const auto write = [&](const std::string& ending, const auto& put) {
    BIO* const file = BIO_new_file((folder / (name + ending)).c_str(), "w");
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(put(file), 1);
    BIO_free(file);
  };
  write(".pem", [&](BIO* file) { return PEM_write_bio_X509(file, certificate.get()); });
  write(".key", [&](BIO* file) {
    return PEM_write_bio_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  write(".locked", [&](BIO* file) {
    return PEM_write_bio_PrivateKey(file, key.get(), EVP_aes_256_cbc(),
                                    reinterpret_cast<const unsigned char*>("word"), 4, nullptr, nullptr);
  });
}

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    write_certificate(scratch_.path(), "one");
    write_certificate(scratch_.path(), "two");
  }
  fs::path file(const std::string& name) const { return scratch_.path() / name; }

  /// The answer to bytes that are sent within TLS, all of it until TLS ends in order; "cut" if it does not,
  /// "no handshake" if the two do not agree.
  std::string ask(const std::string& address, const std::string& bytes, int most_version = TLS1_3_VERSION) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                    SSL_CTX_free);
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_max_proto_version(context.get(), most_version);
    SSL_CTX_load_verify_locations(context.get(), file("one.pem").c_str(), nullptr);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new_ssl_connect(context.get()), BIO_free_all);
    BIO_set_conn_hostname(bio.get(), ("127.0.0.1" + address.substr(address.rfind(':'))).c_str());
    if (BIO_do_connect(bio.get()) != 1 || BIO_do_handshake(bio.get()) != 1) return "no handshake";
    if (BIO_write(bio.get(), bytes.data(), static_cast<int>(bytes.size())) != static_cast<int>(bytes.size()))
      return "cut";
    std::string answer;
    char piece[4096];
    int got = 0;
    while ((got = BIO_read(bio.get(), piece, sizeof piece)) > 0)
      answer.append(piece, static_cast<std::size_t>(got));
    SSL* ssl = nullptr;
    BIO_get_ssl(bio.get(), &ssl);
    return (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0 ? answer : "cut";
  }

  const test::ScratchFolder scratch_;
  const Model model_ = two_class_model();
};

TEST_F(TlsTest, AnswersWithinTlsAndEndsItInOrder) {
  Server server(model_, {.port = 0,
                         .limits = {.header_seconds = 0.5},
                         .tls = {.certificate = file("one.pem"), .key = file("one.key")}});
  EXPECT_THAT(server.address(), testing::StartsWith("https://127.0.0.1:"));
  std::thread running([&] { EXPECT_TRUE(server.run()); });
  const std::string request =
      get_request("/healthz") + post_request("/v1/predict", png_of(1), "Connection: close\r\n");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_THAT(ask(server.address(), request, version),
                testing::AllOf(testing::StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\"predictions\"")));
  }
  // A body of many records.
  EXPECT_THAT(ask(server.address(),
                  post_request("/v1/predict", png_of(1) + std::string(300000, 'x'), "Connection: close\r\n")),
              testing::StartsWith("HTTP/1.1 "));
  EXPECT_EQ(ask(server.address(), request, TLS1_1_VERSION), "no handshake");
  // Who does not speak TLS, or nothing, is dropped.
  const std::string plain = "http" + server.address().substr(5);
  Client silent(plain), open(plain);
  open.send(get_request("/healthz"));
  EXPECT_EQ(open.receive().status, 0);
  EXPECT_TRUE(silent.is_closed());
  EXPECT_THAT(ask(server.address(), request), testing::StartsWith("HTTP/1.1 200 OK\r\n"));
  server.stop();
  running.join();
}

TEST_F(TlsTest, RefusesFilesThatAreNoneOrDoNotBelongTogether) {
  write_file(file("text"), std::string_view("text\n"));
  const auto refused = [&](const std::string& certificate, const std::string& key, const std::string& why) {
    try {
      Server(model_, {.port = 0,
                      .tls = {.certificate = certificate.empty() ? fs::path() : file(certificate),
                              .key = key.empty() ? fs::path() : file(key)}});
      ADD_FAILURE() << certificate << " and " << key << " are taken";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(why));
    }
  };
  refused("one.pem", "", "needs both a certificate and its key");
  refused("", "one.key", "needs both a certificate and its key");
  refused("none", "one.key", "none");
  refused("text", "one.key", "text: is not a certificate in PEM format");
  refused("one.key", "one.key", "one.key: is not a certificate in PEM format");
  refused("one.pem", "text", "text: is not a private key in PEM format without a password");
  refused("one.pem", "one.locked", "one.locked: is not a private key in PEM format without a password");
  refused("one.pem", "two.key", "two.key: is not the key of the certificate in ");
}

/// How many bytes this process has read from files.
std::uint64_t bytes_read() {
  std::ifstream file("/proc/self/io");
  const std::string io(std::istreambuf_iterator<char>(file), {});
  return std::stoull(io.substr(io.find("rchar: ") + 7));
}

TEST(ServedFileTest, AskingWhetherItChangedReadsNothing) {
  const test::ScratchFolder scratch;
  // The folder of two trainings, of which find_model() reads the model to know whose it is.
  fs::create_directories(scratch.path() / "bart-run" / "earlier");
  write_file(scratch.path() / "BART-10M.pth", std::string(1 << 20, 'x'));
  ServedFile file(scratch.path(), {}, {.threads = 1});
  EXPECT_TRUE(file.changed());  // it was never loaded
  const std::uint64_t before = bytes_read();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(file.changed());
  EXPECT_LT(bytes_read() - before, std::uint64_t{1} << 18);
  write_file(scratch.path() / "BART-10M.pth", std::string(1 << 19, 'y'));
  EXPECT_TRUE(file.changed());
}

}  // namespace
}  // namespace bart
