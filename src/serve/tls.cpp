#include "tls.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bart/platform/error.h"
#include "bart/platform/files.h"

namespace bart {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

/// A chain of certificates has some kilobytes.
constexpr std::uint64_t most_pem_bytes = 1 << 20;

}  // namespace

std::unique_ptr<ssl::context> tls_context(const ServerTls& tls) {
  if (tls.certificate.empty() && tls.key.empty()) return nullptr;
  if (tls.certificate.empty() || tls.key.empty())
    throw Error("TLS needs both a certificate and its key: name the two files");
  const std::vector<std::uint8_t> certificate = read_file(tls.certificate, most_pem_bytes);
  const std::vector<std::uint8_t> key = read_file(tls.key, most_pem_bytes);
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_compression |
                       ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 | SSL_OP_NO_RENEGOTIATION);
  // Nobody is there to be asked for the password of a key.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); });
  error_code error;
  context->use_certificate_chain(boost::asio::buffer(certificate), error);
  if (error) {
    throw Error(
        fmt::format("{}: is not a certificate in PEM format, which begins with -----BEGIN CERTIFICATE",
                    tls.certificate.string()));
  }
  context->use_private_key(boost::asio::buffer(key), ssl::context::pem, error);
  // OpenSSL compares most keys with the certificate while it takes them.
  const bool of_another =
      error ? ERR_GET_REASON(static_cast<unsigned long>(error.value())) == X509_R_KEY_VALUES_MISMATCH
            : SSL_CTX_check_private_key(context->native_handle()) != 1;
  if (error && !of_another) {
    throw Error(fmt::format("{}: is not a private key in PEM format without a password ({})",
                            tls.key.string(), error.message()));
  }
  if (of_another) {
    throw Error(fmt::format("{}: is not the key of the certificate in {}", tls.key.string(),
                            tls.certificate.string()));
  }
  return context;
}

}  // namespace bart
