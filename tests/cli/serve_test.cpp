// bart serve as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "../serve/client.h"
#include "bart/platform/files.h"
#include "chromium.h"
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ServeDrawn : public DrawnFaces {
 protected:
  ServeDrawn() : DrawnFaces(3, 4) {}

  void SetUp() override {
    DrawnFaces::SetUp();
    ASSERT_EQ(train_faces({"--epochs", "0", "--no-report"}).code, 0);
  }

  /// Starts the server and waits until it listens.
  void serve(std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {"serve", "--port", "0"});
    server_ = std::make_unique<RunningBart>(here(), flags);
    wait_for(" at http");
    const std::string log = server_->err_so_far();
    const std::size_t begin = log.find("http://");
    address_ = log.substr(begin, log.find('\n', begin) - begin);
  }
  /// Waits until the log has the text.
  void wait_for(const std::string& text) const {
    for (int i = 0; i < 6000 && server_->err_so_far().find(text) == std::string::npos; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_THAT(server_->err_so_far(), HasSubstr(text));
  }
  BartResult stop() {
    server_->send(SIGTERM);
    return server_->wait();
  }
  RawResponse ask(const std::string& request) const { return Client(address_).ask(request); }

  std::unique_ptr<RunningBart> server_;
  std::string address_;
};

TEST_F(ServeDrawn, AnswersWithTheDigitsOfPredictAndEndsWith0) {
  const BartResult predicted =
      run_bart(here(), {"predict", "inference_images", "--top-k", "3", "--format", "jsonl", "--out", "-"});
  ASSERT_EQ(predicted.code, 0) << predicted.err;
  serve({"--log-json"});
  std::istringstream lines(predicted.out);
  std::string line, body;
  int pictures = 0;
  for (; std::getline(lines, line); ++pictures) {
    const std::string name = line.substr(10, line.find('"', 10) - 10);
    const std::string file = file_text(here() / "inference_images" / name);
    const std::string classes = line.substr(line.find("\"classes\""));  // with the } of the line
    EXPECT_THAT(ask(post_request("/v1/predict?top_k=3", file)).body, HasSubstr("[{" + classes + "]"));
    body +=
        "--b\r\nContent-Disposition: form-data; name=p; filename=\"" + name + "\"\r\n\r\n" + file + "\r\n";
  }
  ASSERT_GT(pictures, 0);
  const std::string several = ask(post_request("/v1/predict?top_k=3", body + "--b--",
                                               "Content-Type: multipart/form-data; boundary=b\r\n"))
                                  .body;
  std::istringstream again(predicted.out);
  while (std::getline(again, line)) EXPECT_THAT(several, HasSubstr(line));
  const BartResult ended = stop();
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(std::count(ended.out.begin(), ended.out.end(), '\n'), pictures + 1);
  EXPECT_THAT(ended.out,
              HasSubstr("\"method\": \"POST\", \"target\": \"/v1/predict?top_k=3\", \"status\": 200"));
}

TEST_F(ServeDrawn, TheCardHasTheFiguresOfEachClassAndTheCalibration) {
  ASSERT_EQ(train_faces({"--epochs", "1", "--no-report"}).code, 0);
  serve();
  const std::string body = ask(get_request("/v1/model")).body;
  EXPECT_THAT(body, HasSubstr("[\"Expected calibration error, test pictures\", \""));
  EXPECT_THAT(body, testing::ContainsRegex(R"re(\["F1 of [^"]+", "[01]\.[0-9]+ \(precision [01]\.[0-9]+, )re"
                                           R"re(recall [01]\.[0-9]+, [0-9]+ pictures?\)"\])re"));
  EXPECT_EQ(stop().code, 0);
}

TEST_F(ServeDrawn, LoadsAModelAgainOnSighupOrWhenItChangesAndKeepsTheOldOneIfItIsBroken) {
  serve({"--watch"});
  const auto version = [&] {
    const std::string body = ask(get_request("/v1/model")).body;
    return body.substr(0, body.find("\"image_size\""));
  };
  const std::string first = version();
  server_->send(SIGHUP);
  wait_for("Loaded the model again");
  EXPECT_EQ(version(), first);
  write_file(here() / "BART-10M.pth", std::string_view("torn"));
  wait_for("The new model was refused, and the previous one stays: ");
  EXPECT_EQ(version(), first);
  ASSERT_EQ(train_faces({"--epochs", "0", "--no-report", "--seed", "11", "--out", "other"}).code, 0);
  fs::rename(here() / "other" / "BART-10M.pth", here() / "BART-10M.pth");
  for (int i = 0; i < 6000 && version() == first; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_NE(version(), first);
  // Another model with other classes.
  ASSERT_EQ(run_bart(here(), {"sample", "two", "--classes", "2", "--per-class", "4"}).code, 0);
  ASSERT_EQ(
      run_bart(here(), {"train", "two", "--image-size", "16", "--epochs", "0", "--no-report", "--out", "few"})
          .code,
      0);
  const std::string second = version();
  fs::rename(here() / "few" / "label_encoder.joblib", here() / "label_encoder.joblib");
  fs::rename(here() / "few" / "BART-10M.pth", here() / "BART-10M.pth");
  wait_for("(--allow-other-classes accepts it)");
  EXPECT_EQ(version(), second);
  EXPECT_EQ(stop().code, 0);
}

TEST_F(ServeDrawn, ABatchSystemsWarningEndsItAsSigtermDoes) {
  for (const int signal : {SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM, SIGVTALRM, SIGPROF}) {
    serve();
    server_->send(signal);
    const BartResult result = server_->wait();
    EXPECT_EQ(result.code, 0) << signal;
    EXPECT_THAT(result.err, HasSubstr("Ended"));
  }
}

TEST_F(ServeDrawn, NeedsATokenForOthersThanThisComputer) {
  const auto refused = [&](std::vector<std::string> flags, int code, const std::string& why) {
    flags.insert(flags.begin(), "serve");
    const BartResult result = run_bart(here(), flags);
    EXPECT_EQ(result.code, code) << result.err;
    EXPECT_THAT(result.err, HasSubstr(why));
  };
  refused({"--address", "0.0.0.0"}, 2, "--token-file");
  refused({"--address", "nowhere"}, 1, "nowhere is not an address");
  refused({"--port", "65536"}, 2, "--port must be from 0 to 65535, not 65536");
  refused({"--max-waiting", "0"}, 2, "--max-waiting must be at least 1, not 0");
  refused({"--max-connections", "-1"}, 2, "--max-connections takes a whole number of at least 0, not -1");
  refused({"--header-seconds", "0"}, 2, "--header-seconds");
  refused({"nothing.pth"}, 1, "nothing.pth");
  refused({"--token-file", "none"}, 1, "none");
  write_file(here() / "empty", std::string_view("\n"));
  refused({"--token-file", "empty"}, 2, "--token-file empty: a token is one line");
  refused({"--tls-cert", "empty"}, 2, "--tls-cert and --tls-key are needed together");
  refused({"--tls-cert", "empty", "--tls-key", "empty"}, 1, "empty: is not a certificate in PEM format");
  write_file(here() / "token", std::string_view("secret\n"));
  serve({"--address", "0.0.0.0", "--token-file", "token"});
  EXPECT_EQ(ask(get_request("/v1/model")).status, 401);
  EXPECT_EQ(ask(get_request("/v1/model", "Authorization: Bearer secret\r\n")).status, 200);
  refused({"--port", address_.substr(address_.rfind(':') + 1)}, 1, "cannot listen on 127.0.0.1, port ");
}

TEST_F(ServeDrawn, ChromiumShowsThePageWithTheNamesOfClassesAsText) {
  const fs::path first = fs::directory_iterator(here() / "faces")->path();
  fs::rename(first, here() / "faces" / "<b>&日本");
  ASSERT_EQ(train_faces({"--epochs", "0", "--no-report", "--out", "odd"}).code, 0);
  serve({"odd"});
  const std::string dom = chromium(here(), "--virtual-time-budget=10000 --dump-dom " + address_ + "/");
  if (dom.empty()) GTEST_SKIP() << "there is no working chromium here";
  // The script ran, asked for the model, and the policy of the page stopped nothing.
  EXPECT_THAT(dom, HasSubstr("A network that tells 3 classes apart, from pictures of 16 × 16 pixels."));
  EXPECT_THAT(dom, HasSubstr("&lt;b&gt;&amp;日本</li>"));
  EXPECT_THAT(dom, HasSubstr("<img alt=\"\" src=\"blob:"));  // an example of a class
}

}  // namespace
}  // namespace bart
