// A whole server, over sockets.
#include "bart/serve/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <limits>
#include <optional>
#include <random>
#include <thread>

#include "asking.h"
#include "bart/formats/python_json.h"
#include "bart/model/prediction_text.h"
#include "bart/platform/error.h"
#include "bart/random/mt19937.h"
#include "client.h"
#include "scratch_folder.h"

namespace bart {
namespace {

using testing::HasSubstr;

Model drawn_model(std::uint32_t seed = 1, std::vector<std::string> classes = {"a", "b", "c"},
                  int image_size = 16) {
  Mt19937 generator(seed);
  const Architecture architecture{.classes = static_cast<int>(classes.size()), .image_size = image_size};
  ModelFile file{.state = initial_state(architecture, generator), .classes = std::move(classes)};
  return Model(file, {.threads = 2});
}

class ServerTest : public testing::Test {
 protected:
  /// Starts it.
  Server& serve(ServerOptions options = {}) {
    options.port = 0;
    server_.emplace(model_, std::move(options));
    running_ = std::thread([this] { all_answered_ = server_->run(); });
    return *server_;
  }
  /// Stops it. Returns what run() returned.
  bool stop() {
    server_->stop();
    running_.join();
    return all_answered_;
  }
  void TearDown() override {
    if (running_.joinable()) stop();
  }
  std::string address() const { return server_->address(); }
  /// An honest request on a connection of its own is answered.
  void expect_alive() {
    Client client(address());
    EXPECT_EQ(client.ask(post_request("/v1/predict", png_of(1))).status, 200);
  }

  Model model_ = drawn_model();
  std::optional<Server> server_;

 private:
  std::thread running_;
  bool all_answered_ = false;
};

TEST_F(ServerTest, AnswersWithTheDigitsOfTheModel) {
  serve({.card = {.name = "n", .version = "v"}});
  const std::vector<std::uint8_t> png = encode_png(Picture{16, 16, std::vector<std::uint8_t>(768, 77)});
  const std::vector<float> probabilities =
      model_.predict_proba(std::array{Picture{16, 16, std::vector<std::uint8_t>(768, 77)}});
  EXPECT_EQ(Client(address()).ask(post_request("/v1/predict?top_k=2", bytes_of(png))).body,
            "{\"model\": {\"name\": \"n\", \"version\": \"v\"}, \"predictions\": [{\"classes\": " +
                json_classes(ranking(probabilities, model_.classes(), 2)) + "}]}\n");
}

TEST_F(ServerTest, KeepsAConnectionAndAnswersPipelinedRequestsInTheirOrder) {
  serve();
  Client client(address());
  client.send(get_request("/healthz") + post_request("/v1/predict", png_of(1)) + get_request("/nothing") +
              get_request("/readyz"));
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_THAT(client.receive().body, HasSubstr("predictions"));
  EXPECT_EQ(client.receive().status, 404);
  EXPECT_THAT(client.receive().body, HasSubstr("ready"));
  EXPECT_EQ(client.ask(get_request("/healthz", "Connection: close\r\n")).status, 200);
  EXPECT_TRUE(client.is_closed());
  Client old(address());
  EXPECT_EQ(old.ask("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n").status, 200);
  EXPECT_TRUE(old.is_closed());
}

TEST_F(ServerTest, ReadsChunksAndContinues) {
  serve();
  const std::string png = png_of(1);
  const std::string head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\n";
  Client client(address());
  std::string chunks;
  for (std::size_t i = 0; i < png.size(); i += 7)
    chunks += fmt::format("{:x};x=y\r\n{}\r\n", std::min<std::size_t>(7, png.size() - i), png.substr(i, 7));
  const RawResponse chunked = client.ask(head + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n");
  EXPECT_EQ(chunked.status, 200);
  EXPECT_EQ(chunked.body, client.ask(post_request("/v1/predict", png)).body);
  const std::string expecting =
      head + fmt::format("Content-Length: {}\r\nExpect: 100-continue\r\n\r\n", png.size());
  EXPECT_EQ(client.ask(expecting).status, 100);
  EXPECT_EQ(client.ask(png).body, chunked.body);
  // What would be refused is refused before it is sent.
  EXPECT_EQ(client.ask(head + "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n").status, 413);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerTest, ARefusedRequestWithAShortBodyKeepsItsConnection) {
  serve();
  // The body looks like a request, and is none.
  const std::string body = get_request("/healthz");
  Client client(address());
  EXPECT_EQ(client.ask(post_request("/nothing", body)).status, 404);
  EXPECT_EQ(client.ask(post_request("/v1/predict?top_k=0", body)).status, 400);
  EXPECT_TRUE(client.is_closed());
  Client slow(address());
  const std::string refused = post_request("/healthz", body);
  slow.send(refused.substr(0, refused.size() - 30));
  EXPECT_EQ(slow.receive().status, 405);  // before the whole body has come
  slow.send(refused.substr(refused.size() - 30));
  EXPECT_THAT(slow.ask(post_request("/v1/predict", png_of(1))).body, HasSubstr("predictions"));
  Client large(address());
  EXPECT_EQ(large.ask("POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n").status,
            404);
  large.end_sending();
  EXPECT_TRUE(large.is_closed());
}

TEST_F(ServerTest, WhoseRequestIsRefusedDoesNotHoldItsEnd) {
  serve({.limits = {.header_seconds = 600}});
  Client client(address());
  EXPECT_EQ(client.ask("POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhell").status,
            404);
  EXPECT_TRUE(stop());
}

TEST_F(ServerTest, AHeadHasNoBody) {
  serve();
  Client client(address());
  client.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawResponse head = client.receive(false);
  EXPECT_EQ(head.status, 200);
  const RawResponse whole = client.ask(get_request("/healthz"));
  EXPECT_THAT(head.head, HasSubstr(fmt::format("Content-Length: {}\r\n", whole.body.size())));
}

TEST_F(ServerTest, HostileBytesGetAnErrorOrAClosedConnectionAndTheNextRequestItsAnswer) {
  serve({.limits = {.body_bytes = 5000}});
  const std::string png = png_of(1);
  const std::string head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\n";
  const std::string smuggled = get_request("/healthz");
  const std::string hostile[] = {
      "\r\n\r\n\r\n",
      "GET\r\n\r\n",
      "GET /healthz\r\n\r\n",
      "GET  /healthz HTTP/1.1\r\n\r\n",
      "GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n",
      "GET /healthz HTTP/1.1\r\n\r\n",
      "GET /healthz HTTP/1.1\nHost: localhost\n\n",
      "GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
      "GET /healthz HTTP/1.1\r\n Host: localhost\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: \x01\r\n\r\n",
      std::string("GET /healthz\0", 13) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET " + std::string(20000, '/') + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20000, 'x') + "\r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),  // TLS
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "CONNECT example.org:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
      // Two lengths: whoever reads the other one sees another request.
      head + "Content-Length: 0\r\nContent-Length: " + std::to_string(smuggled.size()) + "\r\n\r\n" +
          smuggled,
      head + "Content-Length: 5, 5\r\n\r\nhello" + smuggled,
      head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
      head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + smuggled,
      head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + smuggled,
      head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled,
      head + "Transfer-Encoding: xchunked\r\n\r\n" + smuggled,
      head + "\r\n" + smuggled,
      "POST /nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n" + smuggled,
      head + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + smuggled,
      head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled,
      head + "Content-Length: -1\r\n\r\n",
      head + "Content-Length: +5\r\n\r\nhello",
      head + "Content-Length: 0x5\r\n\r\nhello",
      head + "Content-Length: 18446744073709551617\r\n\r\nhello",
      head + "Content-Length: 99999999999\r\n\r\nhello",
      // Chunks.
      head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloworld\r\n0\r\n\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nx",
      head + "Transfer-Encoding: chunked\r\n\r\n1770\r\n" + std::string(6000, 'x') + "\r\n0\r\n\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(200000, 'x') + "\r\nx\r\n0\r\n\r\n",
      // A length that is more, and one that is less than what comes.
      head + "Content-Length: 100\r\n\r\nhello",
      head + "Content-Length: 5\r\n\r\nhello world\r\n\r\n",
  };
  for (const std::string& bytes : hostile) {
    Client client(address());
    client.send(bytes);
    client.end_sending();
    std::vector<int> statuses;
    for (int status; (status = client.receive().status) != 0;) statuses.push_back(status);
    const std::string shown = python_json_string(bytes.substr(0, 120));
    for (const int status : statuses)
      EXPECT_TRUE((status >= 400 && status < 500) || status == 505) << shown << status;
    EXPECT_TRUE(client.is_closed()) << shown;
  }
  expect_alive();
}

TEST_F(ServerTest, AnyCutAndAnyChangedByteOfARequestEndsInAResponseOrAClosedConnection) {
  serve();
  const std::string request = post_request("/v1/predict?top_k=1", png_of(1));
  std::mt19937 random(3);
  const char* const mutations = std::getenv("BART_MUTATIONS");
  for (int i = 0; i < (mutations == nullptr ? 300 : std::atoi(mutations)); ++i) {
    std::string bytes = request;
    if (i % 2 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      for (int k = 0; k < 3; ++k) bytes[random() % 140] = static_cast<char>(random());
    }
    Client client(address());
    client.send(bytes);
    client.end_sending();
    for (RawResponse response; (response = client.receive()).status != 0;)
      EXPECT_TRUE(response.status < 500 || response.status == 505) << response.status << response.body;
  }
  expect_alive();
}

TEST_F(ServerTest, WhoSendsTooSlowlyIsToldSoAndDropped) {
  serve({.limits = {.header_seconds = 0.2, .body_seconds = 0.2}});
  Client silent(address()), head(address()), body(address());
  head.send("GET /healthz HTT");
  body.send("POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhell");
  EXPECT_EQ(head.receive().status, 408);
  EXPECT_TRUE(head.is_closed());
  EXPECT_EQ(body.receive().status, 408);
  EXPECT_TRUE(body.is_closed());
  EXPECT_TRUE(silent.is_closed());
  expect_alive();
}

TEST_F(ServerTest, WhoWaitsLongestWithoutARequestMakesPlaceForANewConnection) {
  serve({.limits = {.connections = 3, .header_seconds = 600}});
  Client first(address());
  EXPECT_EQ(first.ask(get_request("/healthz")).status, 200);
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 20; ++i) {
    idle.push_back(std::make_unique<Client>(address()));
    idle.back()->send(i % 2 == 0
                          ? "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhel"
                          : "GET /heal");
  }
  expect_alive();
  EXPECT_TRUE(first.is_closed());
  EXPECT_EQ(idle.back()->ask("thz HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
}

TEST_F(ServerTest, WhatWasAcceptedIsAnsweredBeforeItEnds) {
  serve();
  const std::string request = post_request("/v1/predict", png_of(1));
  Client idle(address()), half(address());
  EXPECT_EQ(idle.ask(get_request("/healthz")).status, 200);
  half.send(request.substr(0, request.size() / 2));
  // The half has arrived when the server knows of both.
  while (Client(address()).ask(get_request("/metrics")).body.find("bart_connections 3\n") ==
         std::string::npos) {
  }
  server_->stop();
  EXPECT_TRUE(idle.is_closed());
  half.send(request.substr(request.size() / 2));
  const RawResponse response = half.receive();
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.head, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(stop());
}

TEST_F(ServerTest, WhoeverLeavesDoesNotMakeTheOthersWait) {
  // A network that takes milliseconds, so that pictures wait for it.
  model_ = drawn_model(1, {"a", "b"}, 128);
  std::atomic<int> computed = 0, left = 0;
  serve({.on_request = [&](const ServedRequest& request) {
    computed += request.status == 200;
    left += request.status == 499;
  }});
  constexpr int clients = 64;
  for (int i = 0; i < clients; ++i) {
    Client client(address());
    EXPECT_TRUE(client.send(post_request("/v1/predict", png_of(1))));
  }
  expect_alive();
  EXPECT_TRUE(stop());
  EXPECT_EQ(computed + left, clients + 1);
  EXPECT_GT(left, clients / 4);
}

TEST_F(ServerTest, ARequestThatIsOnItsWayWhenItEndsIsAnsweredAndToldSo) {
  Server& server = serve();
  Client kept(address()), fresh(address());
  EXPECT_EQ(kept.ask(get_request("/healthz")).status, 200);
  while (Client(address()).ask(get_request("/metrics")).body.find("bart_connections 3\n") ==
         std::string::npos) {
  }
  server.stop();
  for (Client* const client : {&kept, &fresh}) {
    const RawResponse response = client->ask(post_request("/v1/predict", png_of(1)));
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(client->is_closed());
  }
  EXPECT_TRUE(stop());
}

TEST_F(ServerTest, ItEndsInItsTimeEvenIfAClientDoesNot) {
  serve({.limits = {.drain_seconds = 0.2}});
  Client stuck(address());
  stuck.send(
      "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(stuck.receive().status, 100);
  EXPECT_FALSE(stop());
}

TEST_F(ServerTest, ListensOnAUnixSocketAndRemovesIt) {
  const test::ScratchFolder scratch;
  const std::filesystem::path path = scratch.path() / "socket";
  serve({.socket_path = path});
  EXPECT_EQ(address(), path.string());
  expect_alive();
  EXPECT_THROW(Server(model_, {.socket_path = path}), Error);  // it is in use
  EXPECT_TRUE(stop());
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ServerTest, OthersThanThisComputerNeedATokenOrPermission) {
  EXPECT_THROW(Server(model_, {.address = "0.0.0.0", .port = 0}), Error);
  EXPECT_THROW(Server(model_, {.address = "::", .port = 0}), Error);
  EXPECT_THROW(Server(model_, {.address = "example.org", .port = 0}), Error);
  Server with_token(model_, {.address = "0.0.0.0", .port = 0, .access = {.token = "secret"}});
  Server for_all(model_, {.address = "0.0.0.0", .port = 0, .access = {.anyone = true}});
}

TEST_F(ServerTest, TheLogBelievesAProxyThatIsNamedAndNobodyElse) {
  for (const bool named : {true, false}) {
    std::vector<std::string> peers;  // by the thread of run()
    const std::vector<std::string> proxies = {"127.0.0.1", "10.0.0.1"};
    serve({.access = {.proxies = named ? proxies : std::vector<std::string>()},
           .on_request = [&](const ServedRequest& request) { peers.push_back(request.peer); }});
    for (const char* forwarded : {"6.6.6.6, 192.168.0.7 ,10.0.0.1", "192.168.0.7", "10.0.0.1", ""}) {
      const std::string field = std::string("X-Forwarded-For: ") + forwarded + "\r\n";
      EXPECT_EQ(Client(address()).ask(get_request("/healthz", field)).status, 200);
    }
    stop();
    server_.reset();
    if (named) {
      EXPECT_THAT(peers, testing::ElementsAre("192.168.0.7", "192.168.0.7", "10.0.0.1", "127.0.0.1"));
    } else {
      EXPECT_THAT(peers, testing::Each("127.0.0.1"));
    }
  }
}

TEST_F(ServerTest, LoadsAnotherModelOrKeepsTheOneItHas) {
  Server& server = serve({.card = {.version = "first"}});
  const auto version = [&] { return Client(address()).ask(get_request("/v1/model")).body; };
  EXPECT_THAT(version(), HasSubstr("\"version\": \"first\""));
  server.reload([] { return CardedModel{drawn_model(2), {.version = "second"}}; });
  EXPECT_THAT(version(), HasSubstr("\"version\": \"second\""));
  const auto other = [] { return CardedModel{drawn_model(2, {"a", "x", "c"}), {.version = "other"}}; };
  EXPECT_THROW(server.reload(other), OtherClasses);
  EXPECT_THROW(server.reload([]() -> CardedModel { throw Error("torn"); }), Error);
  EXPECT_THAT(version(), HasSubstr("\"version\": \"second\""));
  server.reload(other, true);
  EXPECT_THAT(version(), HasSubstr("\"classes\": [\"a\", \"x\", \"c\"]"));
  EXPECT_THAT(Client(address()).ask(get_request("/metrics")).body,
              testing::AllOf(HasSubstr("bart_model_reloads_total{result=\"success\"} 2\n"),
                             HasSubstr("bart_model_reloads_total{result=\"failure\"} 2\n"),
                             HasSubstr("version=\"other\"")));
}

TEST_F(ServerTest, EveryRequestGetsItsOwnAnswerFromSeveralConnectionsAndModelsAtOnce) {
  Server& server = serve({.card = {.version = "0"}});
  std::vector<std::string> expected;
  for (int red = 0; red < 8; ++red)
    expected.push_back(
        Client(address()).ask(post_request("/v1/predict", png_of(static_cast<std::uint8_t>(30 * red)))).body);
  std::vector<std::thread> clients;
  std::atomic<int> wrong = 0;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&, c] {
      Client client(address());
      for (int i = 0; i < 25; ++i) {
        const auto red = static_cast<std::size_t>((i + c) % 8);
        const std::string png = png_of(static_cast<std::uint8_t>(30 * red));
        if (client.ask(post_request("/v1/predict", png)).body != expected[red]) ++wrong;
      }
    });
  }
  // The same model under the same version: each answer is as before.
  for (int i = 0; i < 5; ++i) server.reload([&] { return CardedModel{model_, {.version = "0"}}; });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(ServerTest, ImpossibleLimitsAndAddressesAreRefused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {nan, 0.0, -1.0, 1e300}) {
    EXPECT_THROW(Server(model_, {.port = 0, .limits = {.header_seconds = bad}}), Error);
    EXPECT_THROW(Server(model_, {.port = 0, .limits = {.body_seconds = bad}}), Error);
    EXPECT_THROW(Server(model_, {.port = 0, .limits = {.answer_seconds = bad}}), Error);
    EXPECT_THROW(Server(model_, {.port = 0, .limits = {.drain_seconds = bad}}), Error);
  }
  EXPECT_THROW(Server(model_, {.port = 0, .limits = {.body_bytes = 0}}), Error);
  EXPECT_THROW(Server(model_, {.port = 0, .limits = {.pictures = 0}}), Error);
  EXPECT_THROW(Server(model_, {.port = 0, .limits = {.connections = static_cast<std::size_t>(-1)}}), Error);
  // A proxy that is no address would never be believed, without a word.
  EXPECT_THROW(Server(model_, {.port = 0, .access = {.proxies = {"proxy.example"}}}), Error);
  Server server(model_, {.port = 0});
  EXPECT_THROW(server.reload({}), Error);
}

}  // namespace
}  // namespace bart
