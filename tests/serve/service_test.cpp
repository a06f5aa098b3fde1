// Requests and responses without sockets.
#include "service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "asking.h"

namespace bart {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class ServiceTest : public testing::Test {
 protected:
  /// Made with these options.
  Service& service(const ServerOptions& options = {}) {
    service_ = std::make_unique<Service>(model_, options, 2);
    return *service_;
  }

  std::shared_ptr<ServedModel> model_ = red_model();
  std::unique_ptr<Service> service_;
};

std::string form_of(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string body;
  for (const auto& [name, content] : files) {
    body += "--b\r\nContent-Disposition: form-data; name=\"pictures\"; filename=\"" + name + "\"\r\n\r\n" +
            content + "\r\n";
  }
  return body + "--b--\r\n";
}

const std::vector<HttpField> form = {{"Content-Type", "multipart/form-data; boundary=b"}};

TEST_F(ServiceTest, PredictsTheBytesOfAPicture) {
  Service& one = service();
  for (const char* type :
       {"", "image/png", "image/jpeg", "application/octet-stream", "application/x-www-form-urlencoded"}) {
    const HttpResponse response = post(one, "/v1/predict", png_of(51), {{"Content-Type", type}});
    EXPECT_EQ(response.status, 200) << type;
    EXPECT_EQ(response.body,
              "{\"model\": {\"name\": \"test\", \"version\": \"1\"}, \"predictions\": [{\"classes\": ["
              "{\"class\": \"<not> \\\"red\\\"\", \"probability\": 0.8}, "
              "{\"class\": \"red\", \"probability\": 0.2}]}]}\n");
  }
}

TEST_F(ServiceTest, PredictsSeveralPicturesInTheirOrder) {
  const HttpResponse response =
      post(service(), "/v1/predict?top_k=1",
           form_of({{"a.png", png_of(255)}, {"\xff<b>", png_of(0)}, {"", png_of(255)}}), form);
  ASSERT_EQ(response.status, 200) << response.body;
  const json predictions = json::parse(response.body)["predictions"];
  ASSERT_EQ(predictions.size(), 3u);
  EXPECT_EQ(predictions[0]["file"], "a.png");
  EXPECT_EQ(predictions[0]["classes"][0]["class"], "red");
  EXPECT_EQ(predictions[0]["classes"].size(), 1u);
  EXPECT_EQ(predictions[1]["classes"][0]["class"], "<not> \"red\"");
  EXPECT_EQ(predictions[2]["file"], "pictures");
}

TEST_F(ServiceTest, ShowsTheInputAndExplains) {
  const HttpResponse response = post(service(), "/v1/predict?explain=2&input=1", png_of(255));
  ASSERT_EQ(response.status, 200) << response.body;
  const json prediction = json::parse(response.body)["predictions"][0];
  EXPECT_THAT(prediction["input"].get<std::string>(), testing::StartsWith("data:image/png;base64,iVBOR"));
  ASSERT_EQ(prediction["explanations"].size(), 2u);
  EXPECT_EQ(prediction["explanations"][0]["class"], "red");
  EXPECT_THAT(prediction["explanations"][0]["picture"].get<std::string>(),
              testing::StartsWith("data:image/png"));
}

TEST_F(ServiceTest, ABrokenPictureIsTheSendersFaultAndSaidInASentence) {
  Service& one = service({.limits = {.pixels = 100}});
  const std::string whole = png_of(9);
  for (const std::string& broken : {std::string(), std::string("hello"), whole.substr(0, whole.size() / 2)}) {
    const HttpResponse response = post(one, "/v1/predict", broken);
    EXPECT_EQ(response.status, 400) << response.body;
    EXPECT_FALSE(json::parse(response.body)["error"].get<std::string>().empty());
  }
  const HttpResponse large = post(one, "/v1/predict", png_of(9, 101, 1));
  EXPECT_EQ(large.status, 400);
  EXPECT_THAT(large.body, HasSubstr("101x1 pixels are more than the limit of 100"));
  const HttpResponse second =
      post(one, "/v1/predict", form_of({{"good.png", whole}, {"bad.png", "x"}}), form);
  EXPECT_EQ(second.status, 400);
  EXPECT_THAT(second.body, HasSubstr("bad.png: not a picture of a known format"));
  EXPECT_EQ(post(one, "/v1/predict", whole).status, 200);
}

TEST_F(ServiceTest, WrongRequestsGetTheirStatus) {
  Service& one = service({.limits = {.body_bytes = 1000, .pictures = 2}});
  const std::string png = png_of(1);
  const auto status = [&](const std::string& method, const std::string& target, const std::string& body = {},
                          std::vector<HttpField> fields = {}) {
    return ask(one, {.method = method, .target = target, .fields = std::move(fields), .body = body}).status;
  };
  EXPECT_EQ(status("POST", "/v1/predict", png), 200);
  EXPECT_EQ(status("POST", "/v1/predict?top_k=0", png), 400);
  EXPECT_EQ(status("POST", "/v1/predict?top_k=-1", png), 400);
  EXPECT_EQ(status("POST", "/v1/predict?top_k=1x", png), 400);
  EXPECT_EQ(status("POST", "/v1/predict?top_k=", png), 400);
  EXPECT_EQ(status("POST", "/v1/predict?top_k=99999999999999999999", png), 400);
  EXPECT_EQ(status("POST", "/v1/predict?explain=6", png), 400);
  EXPECT_EQ(status("POST", "/v1/predict?topk=3", png), 400);
  EXPECT_EQ(status("GET", "/v1/predict"), 405);
  EXPECT_EQ(status("DELETE", "/v1/predict"), 405);
  EXPECT_EQ(status("OPTIONS", "/v1/predict"), 405);
  EXPECT_EQ(status("POST", "/healthz", png), 405);
  for (const char* target : {"/v1/predict/", "/v1", "/../etc/passwd", "/..%2f..%2fetc/passwd", "/%00",
                             "//healthz", "/healthz/..", "/healthz%2f", "/HEALTHZ"})
    EXPECT_EQ(status("GET", target), 404) << target;
  EXPECT_EQ(status("POST", "/v1/predict", std::string(1001, 'x')), 413);
  EXPECT_EQ(status("POST", "/v1/predict", "{}", {{"Content-Type", "application/json"}}), 415);
  EXPECT_EQ(status("POST", "/v1/predict", png, {{"Content-Encoding", "gzip"}}), 415);
  EXPECT_EQ(status("POST", "/v1/predict", png, {{"Content-Type", "multipart/form-data"}}), 400);
  EXPECT_EQ(status("POST", "/v1/predict", form_of({}), form), 400);
  EXPECT_EQ(status("POST", "/v1/predict", form_of({{"a", ""}, {"b", ""}, {"c", ""}}), form), 413);
  EXPECT_EQ(status("GET", "/healthz", "x", {{"Content-Length", "1"}}), 400);
  EXPECT_EQ(status("GET", "/healthz", "", {{"Expect", "a miracle"}}), 417);
}

TEST_F(ServiceTest, TheLengthOfABodyIsStatedOnce) {
  Service& one = service();
  const auto refused = [&](std::vector<HttpField> fields, int version = 11) {
    fields.push_back({"Host", "localhost"});
    const auto refusal = one.refusal({.method = "POST",
                                      .target = "/v1/predict",
                                      .version = version,
                                      .fields = std::move(fields),
                                      .body = {}});
    return refusal ? refusal->status : 200;
  };
  EXPECT_EQ(refused({}), 411);
  EXPECT_EQ(refused({{"Content-Length", "5"}}), 200);
  EXPECT_EQ(refused({{"Transfer-Encoding", "chunked"}}), 200);
  EXPECT_EQ(refused({{"Content-Length", "5"}, {"Content-Length", "5"}}), 400);
  EXPECT_EQ(refused({{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}), 400);
  EXPECT_EQ(refused({{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}), 400);
  EXPECT_EQ(refused({{"Transfer-Encoding", "gzip, chunked"}}), 400);
  EXPECT_EQ(refused({{"Transfer-Encoding", "chunked"}}, 10), 400);
  for (const char* wrong : {"", "-1", "+5", "5, 5", "0x5", "5 ", "99999999999999999999999"})
    EXPECT_EQ(refused({{"Content-Length", wrong}}), 400) << wrong;
}

TEST_F(ServiceTest, AnswersNamesThatAreItsOwnAlone) {
  Service& one = service({.access = {.host_names = {"bart.example.org"}}});
  const auto status = [&](std::vector<HttpField> fields, const std::string& target = "/healthz") {
    const auto refusal =
        one.refusal({.method = "GET", .target = target, .fields = std::move(fields), .body = {}});
    return refusal ? refusal->status : 200;
  };
  for (const char* good : {"localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000", "192.168.0.7",
                           "bart.example.org", "Bart.Example.Org:443"})
    EXPECT_EQ(status({{"Host", good}}), 200) << good;
  for (const char* bad : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                          "evil.example:8000", "127.0.0.1@evil.example"})
    EXPECT_EQ(status({{"Host", bad}}), 403) << bad;
  EXPECT_EQ(status({{"Host", ""}}), 403);
  EXPECT_EQ(status({}), 400);
  EXPECT_EQ(status({{"Host", "localhost"}, {"Host", "localhost"}}), 400);
  EXPECT_EQ(status({{"Host", "localhost"}}, "http://evil.example/healthz"), 403);
  EXPECT_EQ(status({{"Host", "localhost"}}, "http://localhost/healthz"), 200);
}

TEST_F(ServiceTest, PagesOfOthersAreRefusedUnlessTheyAreNamed) {
  Service& one = service({.access = {.origins = {"https://friend.example"}}});
  const auto predicted = [&](const std::string& origin) {
    return post(one, "/v1/predict", png_of(1), {{"Origin", origin}});
  };
  EXPECT_EQ(predicted("http://localhost:8000").status, 200);  // its own page
  for (const char* other : {"https://evil.example", "null", "http://localhost:9000", "localhost:8000"})
    EXPECT_EQ(predicted(other).status, 403) << other;
  const HttpResponse friendly = predicted("https://friend.example");
  EXPECT_EQ(friendly.status, 200);
  const auto allowed = [](const HttpResponse& response) {
    return field_of(response, "Access-Control-Allow-Origin");
  };
  EXPECT_EQ(allowed(friendly), "https://friend.example");
  EXPECT_EQ(allowed(predicted("https://evil.example")), "");
  const auto preflight = [&](const std::string& origin) {
    return ask(one, {.method = "OPTIONS",
                     .target = "/v1/predict",
                     .fields = {{"Origin", origin}, {"Access-Control-Request-Method", "POST"}},
                     .body = {}});
  };
  EXPECT_EQ(preflight("https://friend.example").status, 204);
  EXPECT_EQ(allowed(preflight("https://friend.example")), "https://friend.example");
  EXPECT_EQ(preflight("https://evil.example").status, 403);
}

TEST_F(ServiceTest, ATokenIsNeededWhereThereIsOne) {
  Service& one = service({.access = {.token = "secret"}});
  const auto status = [&](const std::string& target, std::vector<HttpField> fields) {
    return get(one, target, std::move(fields)).status;
  };
  EXPECT_EQ(status("/v1/model", {{"Authorization", "Bearer secret"}}), 200);
  EXPECT_EQ(status("/v1/model", {{"authorization", "bearer  secret"}}), 200);
  for (const char* wrong : {"", "secret", "Bearer", "Bearer ", "Bearer secre", "Bearer secrets",
                            "Bearer Secret", "Basic secret", "Bearer secretsecret"})
    EXPECT_EQ(status("/v1/model", {{"Authorization", wrong}}), 401) << wrong;
  EXPECT_EQ(status("/v1/model", {}), 401);
  EXPECT_EQ(status("/metrics", {}), 401);
  EXPECT_EQ(post(one, "/v1/predict", png_of(1)).status, 401);
  EXPECT_EQ(status("/healthz", {}), 200);
  EXPECT_EQ(status("/readyz", {}), 200);
}

TEST_F(ServiceTest, MorePicturesThanMayWaitAreRefusedAtOnce) {
  // The network is held at its first picture.
  std::promise<void> begun, released;
  std::shared_future<void> release = released.get_future().share();
  std::atomic<int> calls = 0;
  model_->network.probabilities =
      [&, plain = model_->network.probabilities](std::span<const std::uint8_t* const> pictures) {
        if (++calls == 1) begun.set_value();
        release.wait();
        return plain(pictures);
      };
  Service& one = service({.limits = {.waiting_pictures = 3}});
  std::vector<std::promise<int>> statuses(3);
  const auto begin = [&](std::size_t i) {
    one.answer({.method = "POST",
                .target = "/v1/predict",
                .fields = {{"Host", "localhost"}, {"Content-Length", "1"}},
                .body = png_of(1)},
               [&statuses, i](const HttpResponse& response) { statuses[i].set_value(response.status); });
  };
  begin(0);
  begun.get_future().wait();
  begin(1);
  const HttpResponse form_too_many =
      post(one, "/v1/predict", form_of({{"a", png_of(1)}, {"b", png_of(1)}}), form);
  EXPECT_EQ(form_too_many.status, 503);
  begin(2);
  const HttpResponse refused = post(one, "/v1/predict", png_of(1));
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.fields, testing::Contains(testing::Field(&HttpField::name, "Retry-After")));
  EXPECT_EQ(get(one, "/healthz").status, 200);
  released.set_value();
  for (std::promise<int>& status : statuses) EXPECT_EQ(status.get_future().get(), 200);
  EXPECT_EQ(one.classifier().waiting(), 0u);
  EXPECT_EQ(post(one, "/v1/predict", png_of(1)).status, 200);
}

TEST_F(ServiceTest, WhatWaitsGoesThroughTheNetworkAtOnce) {
  std::promise<void> begun, released;
  std::shared_future<void> release = released.get_future().share();
  std::mutex mutex;
  std::vector<std::size_t> batches;
  model_->network.probabilities =
      [&, plain = model_->network.probabilities](std::span<const std::uint8_t* const> pictures) {
        {
          const std::scoped_lock lock(mutex);
          batches.push_back(pictures.size());
          if (batches.size() == 1) begun.set_value();
        }
        release.wait();
        return plain(pictures);
      };
  ServerThreads threads(2, [](std::size_t) {});
  std::atomic<int> answered = 0;
  const auto add = [&](SharedModel model) {
    threads.add(NetworkInput{.model = std::move(model),
                             .pixels = std::vector<std::uint8_t>(48),
                             .done = [&](const NetworkAnswer&) { ++answered; }});
  };
  add(model_);
  begun.get_future().wait();
  const auto next = std::make_shared<ServedModel>(*model_);
  for (int i = 0; i < 40; ++i) add(model_);
  add(next);
  add(next);
  released.set_value();
  threads.end();
  EXPECT_EQ(answered, 43);
  EXPECT_THAT(batches, testing::ElementsAre(1u, 32u, 8u, 2u));  // never two models in a batch
}

TEST_F(ServiceTest, ANetworkThatFailsIsTheServersFaultAndTheNextRequestIsAnswered) {
  std::atomic<bool> broken = true;
  model_->network.probabilities =
      [&, plain = model_->network.probabilities](std::span<const std::uint8_t* const> pictures) {
        if (broken) throw NotFiniteError("the network's outputs are not finite");
        return plain(pictures);
      };
  std::vector<std::string> warnings;
  Service& one = service({.on_warning = [&](std::string_view sentence) { warnings.emplace_back(sentence); }});
  EXPECT_EQ(post(one, "/v1/predict", png_of(1)).status, 500);
  broken = false;
  EXPECT_EQ(post(one, "/v1/predict", png_of(1)).status, 200);
  EXPECT_EQ(post(one, "/v1/predict", "broken").status, 400);
  EXPECT_THAT(warnings,
              testing::ElementsAre("a picture was not classified: the network's outputs are not finite"));
}

TEST_F(ServiceTest, AModelIsReplacedBetweenRequests) {
  Service& one = service();
  auto other = red_model();
  other->card.version = "2";
  one.set_model(other);
  EXPECT_THAT(post(one, "/v1/predict", png_of(1)).body, HasSubstr("\"version\": \"2\""));
  EXPECT_THAT(get(one, "/v1/model").body, HasSubstr("\"version\": \"2\""));
}

TEST_F(ServiceTest, SaysHowItIs) {
  Service& one = service();
  EXPECT_EQ(get(one, "/healthz").status, 200);
  EXPECT_EQ(get(one, "/readyz").status, 200);
  one.set_draining();
  EXPECT_EQ(get(one, "/healthz").status, 200);
  EXPECT_EQ(get(one, "/readyz").status, 503);
  one.metrics().add_response(200, 0.004);
  one.metrics().add_response(200, 40);
  post(one, "/v1/predict", png_of(1));
  const std::string text = get(one, "/metrics").body;
  for (const char* line :
       {"bart_http_responses_total{code=\"200\"} 2\n", "bart_http_response_seconds_bucket{le=\"0.0025\"} 0\n",
        "bart_http_response_seconds_bucket{le=\"0.005\"} 1\n",
        "bart_http_response_seconds_bucket{le=\"30\"} 1\n",
        "bart_http_response_seconds_bucket{le=\"+Inf\"} 2\n", "bart_http_response_seconds_count 2\n",
        "bart_batch_pictures_bucket{le=\"1\"} 1\n", "bart_pictures_total 1\n", "bart_waiting_pictures 0\n",
        "bart_model_info{name=\"test\",version=\"1\"} 1\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

}  // namespace
}  // namespace bart
