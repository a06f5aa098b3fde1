// Whole commands on a GPU that is none: the program as it is installed with its plugin, and a driver that
// stands in for NVIDIA's and executes the kernels' own source on the processor (tests/cuda).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "../serve/client.h"
#include "csv.h"
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Where the stand-in driver is found, and what it pretends to be (see stand_in_library.cpp).
BartSurroundings with_driver(const std::string& pretended = "",
                             const fs::path& program = BART_WITH_STAND_IN) {
  return {.environment = {{"LD_LIBRARY_PATH", BART_STAND_IN_DRIVER}, {"BART_STAND_IN", pretended}},
          .program = program};
}

class OnAGpu : public DrawnFaces {
 protected:
  OnAGpu() : DrawnFaces(3, 8) {}

  /// Two steps per epoch.
  static std::vector<std::string> train(const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{
        "train",    "faces", "--image-size", "16", "--bs",  "10", "--no-report",
        "--epochs", "1",     "--threads",    "1",  "--out", out};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  BartResult on_gpu(const std::vector<std::string>& arguments, const std::string& pretended = "") const {
    return run_bart(here(), arguments, with_driver(pretended));
  }
  json record(const std::string& out) const {
    return json::parse(file_text(here() / out / "bart-run" / "run.json"));
  }
  std::vector<double> losses(const std::string& out) const {
    std::vector<double> losses;
    for (const auto& row : csv_rows(file_text(here() / out / "bart-run" / "steps.csv")))
      losses.push_back(std::stod(row[2]));
    return losses;
  }
  /// The program in a folder of its own, with this file as its plugin, or none.
  fs::path installed_with(const fs::path& plugin) const {
    const fs::path program = here() / "installed" / "bin" / "bart";
    const fs::path plugins = here() / "installed" / "lib" / "bart";
    fs::create_directories(program.parent_path());
    fs::create_directories(plugins);
    fs::copy_file(BART_WITH_STAND_IN, program);
    if (!plugin.empty()) fs::copy_file(plugin, plugins / "libbart-cuda.so");
    return program;
  }
  void expect_failure(const BartResult& result, const std::string& sentence) const {
    EXPECT_EQ(result.code, 1) << result.err;
    EXPECT_EQ(result.err, "bart: " + sentence + "\n");
  }
};

// The first loss is that of the same weights, pictures and masks, and so the processor's but for rounding;
// what follows are Adam's first steps, which make a sign of each gradient.
TEST_F(OnAGpu, TrainsAsOnTheProcessorAndSaysSo) {
  const BartResult trained = on_gpu(train("gpu", {"--device", "cuda", "--precision", "f32"}));
  ASSERT_EQ(trained.code, 0) << trained.err;
  const std::size_t original = trained.err.find("Batlogger (Train) - INFO - Using CUDA\n");
  ASSERT_NE(original, std::string::npos) << trained.err;
  EXPECT_LT(original, trained.err.find("The number of images"));
  EXPECT_THAT(trained.err, HasSubstr("INFO - The GPU is Stand-in 1000\n"));
  ASSERT_EQ(run_bart(here(), train("cpu", {"--precision", "f32"})).code, 0);

  const json gpu = record("gpu"), cpu = record("cpu");
  EXPECT_EQ(gpu["options"]["device"], "cuda");
  EXPECT_EQ(gpu["options"]["precision"], "f32");
  EXPECT_EQ(gpu["machine"]["gpu"], "Stand-in 1000");
  EXPECT_EQ(cpu["options"]["device"], "cpu");
  EXPECT_FALSE(cpu["machine"].contains("gpu"));
  EXPECT_THAT(file_text(here() / "gpu" / "bart-run" / "run.toml"), HasSubstr("device = \"cuda\"\n"));
  const std::vector<double> ours = losses("gpu"), theirs = losses("cpu");
  ASSERT_EQ(ours.size(), 2u);
  EXPECT_NEAR(ours[0], theirs[0], 1e-5 * theirs[0]);
  EXPECT_NEAR(ours[1], theirs[1], 0.1 * theirs[1]);

  const BartResult compared = run_bart(here(), {"compare", "gpu", "cpu"});
  EXPECT_THAT(compared.out, testing::ContainsRegex("Device !? *cuda \\(Stand-in 1000\\) +cpu"));
}

TEST_F(OnAGpu, AutoTakesTheGpuInTf32AndTheSameTrainingHasTheSameBits) {
  for (const char* out : {"a", "b"}) {
    const BartResult trained = on_gpu(train(out));
    ASSERT_EQ(trained.code, 0) << trained.err;
    EXPECT_THAT(trained.err, AllOf(HasSubstr("INFO - Using CUDA\n"), HasSubstr("INFO - Training in tf32\n")));
  }
  EXPECT_EQ(record("a")["options"]["device"], "cuda");
  EXPECT_EQ(record("a")["options"]["precision"], "tf32");
  EXPECT_EQ(file_text(here() / "a" / "BART-10M.pth"), file_text(here() / "b" / "BART-10M.pth"));
}

TEST_F(OnAGpu, WithoutAGpuAutoIsSilentAndCudaIsASentence) {
  const fs::path no_plugin = installed_with("");
  const std::vector<std::pair<std::string, BartSurroundings>> missing = {
      {"NVIDIA's driver finds no GPU", with_driver("devices=0")},
      {"NVIDIA's driver finds no GPU", with_driver("init=100")},
      {"BART's part for GPUs, libbart-cuda.so, is not installed: install the package bart-trainer-cuda, or "
       "build BART with nvcc",
       with_driver("", no_plugin)}};
  for (const auto& [sentence, surroundings] : missing) {
    expect_failure(run_bart(here(), train("out", {"--device", "cuda"}), surroundings), sentence);
    EXPECT_FALSE(fs::exists(here() / "out"));
    const BartResult trained = run_bart(here(), train("out"), surroundings);
    EXPECT_EQ(trained.code, 0);
    EXPECT_THAT(trained.err,
                AllOf(Not(HasSubstr("GPU")), Not(HasSubstr("CUDA")), Not(HasSubstr("processor"))));
    EXPECT_EQ(record("out")["options"]["device"], "cpu");
    fs::remove_all(here() / "out");
  }
}

TEST_F(OnAGpu, OneThatCannotBeUsedIsASentenceOrANote) {
  const fs::path other_version = installed_with(BART_OTHER_VERSION);
  const std::string memory = "the GPU Stand-in 1000 has not enough free memory: ";
  const std::vector<std::pair<std::string, BartSurroundings>> troubles = {
      {"NVIDIA's driver is too old: it knows CUDA 12.4, and BART needs 13.0: install a newer one",
       with_driver("version=12040")},
      {"the GPU Stand-in 1000 is busy: another process has it for itself", with_driver("retain_context=46")},
      {memory + "0.01 GB are needed for the network, and 0.00 GB of 0.00 GB are free",
       with_driver("memory=1000000")},
      // Enough for the network, but not for the training.
      {memory + "0.02 GB are needed for gradients and the optimizer, and 0.00 GB of 0.01 GB are free",
       with_driver("memory=10000000")},
      {(other_version.parent_path().parent_path() / "lib/bart/libbart-cuda.so").string() +
           " is of another version of BART: install the same version",
       with_driver("", other_version)}};
  for (const auto& [sentence, surroundings] : troubles) {
    expect_failure(run_bart(here(), train("out", {"--device", "cuda", "--quiet"}), surroundings), sentence);
    EXPECT_FALSE(fs::exists(here() / "out"));
    const BartResult trained = run_bart(here(), train("out", {"--device", "auto"}), surroundings);
    EXPECT_EQ(trained.code, 0);
    EXPECT_THAT(trained.err, AllOf(HasSubstr("WARNING - Computing on the processor: " + sentence + "\n"),
                                   Not(HasSubstr("Using CUDA"))));
    const json run = record("out");
    EXPECT_EQ(run["options"]["device"], "cpu");
    EXPECT_EQ(run["results"]["warnings"].dump().find("Computing on the processor"), 2u);
    fs::remove_all(here() / "out");
  }
}

TEST_F(OnAGpu, WhatCannotBeAskedForIsASentence) {
  const auto expect_usage = [&](const std::vector<std::string>& arguments, const std::string& sentence) {
    const BartResult result = on_gpu(arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(result.err, "bart: " + sentence + "\n");
    EXPECT_FALSE(fs::exists(here() / "out"));
  };
  for (const char* name : {"gpu", "cuda:", "cuda:-1", "cuda:1x", "CUDA"}) {
    const std::string sentence =
        fmt::format("--device must be auto, cpu, cuda or cuda:N with the number of a GPU, not {}", name);
    expect_usage(train("out", {"--device", name}), sentence);
    expect_usage({"predict", "faces", "--recursive", "--device", name}, sentence);
  }
  expect_usage(train("out", {"--device", "cuda", "--exact"}),
               "a training with --exact is computed on the processor: leave --device cuda out");
  expect_usage(train("out", {"--device", "cuda:0", "--deterministic"}),
               "a training with --deterministic or under mpirun is computed on the processor: leave --device "
               "cuda:0 out");
  expect_failure(on_gpu(train("out", {"--device", "cuda:7"})),
                 "there is no GPU 7: this computer has 1, counted from 0");

  const BartResult exact = on_gpu(train("exact", {"--exact"}));
  EXPECT_EQ(exact.code, 0);
  EXPECT_THAT(exact.err, Not(HasSubstr("Using CUDA")));
  const BartResult second = on_gpu(train("second", {"--device", "cuda:1"}), "devices=2");
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(record("second")["options"]["device"], "cuda:1");
}

TEST_F(OnAGpu, AResumeGoesFromGpuToProcessorAndBack) {
  ASSERT_EQ(on_gpu(train("run", {"--max-steps", "1", "--precision", "tf32"})).code, 0);
  const auto resume = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"train", "--resume", "--out", "run", "--no-report"});
    return more;
  };
  // It goes on where it began, also with the bits of a training that was not stopped, or says that it cannot.
  expect_failure(run_bart(here(), resume({"--max-steps", "0"}), with_driver("devices=0")),
                 "NVIDIA's driver finds no GPU; with --device cpu the training goes on on the processor");
  expect_failure(run_bart(here(), resume({"--max-steps", "0"}), with_driver("memory=10000000")),
                 "the GPU Stand-in 1000 has not enough free memory: 0.02 GB are needed for gradients and the "
                 "optimizer, and 0.00 GB of 0.01 GB are free; with --device cpu the training goes on on the "
                 "processor");
  fs::copy(here() / "run", here() / "small", fs::copy_options::recursive);
  const BartResult small = run_bart(
      here(), {"train", "--resume", "--out", "small", "--no-report", "--max-steps", "2", "--device", "auto"},
      with_driver("memory=10000000"));
  EXPECT_EQ(small.code, 0) << small.err;
  EXPECT_THAT(small.err, AllOf(HasSubstr("WARNING - Computing on the processor: "),
                               HasSubstr("began on cuda in tf32, and goes on on the processor in ")));
  BartResult resumed = run_bart(here(), resume({"--max-steps", "2", "--device", "cpu"}));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("WARNING - The training began on cuda in tf32, and goes on on the "
                                     "processor in f32: from here on it is rounded otherwise\n"));
  EXPECT_EQ(record("run")["options"]["device"], "cpu");
  EXPECT_EQ(record("run")["options"]["precision"], "f32");
  resumed = on_gpu(resume({"--epochs", "2", "--max-steps", "3", "--device", "cuda", "--precision", "tf32"}));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("began on the processor in f32, and goes on on cuda in tf32"));
  resumed = on_gpu(resume({"--max-steps", "0"}));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, AllOf(HasSubstr("Using CUDA"), Not(HasSubstr("goes on on"))));

  // All of it on the GPU, in one go and in two.
  ASSERT_EQ(on_gpu(train("whole")).code, 0);
  ASSERT_EQ(on_gpu(train("parts", {"--max-steps", "1"})).code, 0);
  ASSERT_EQ(on_gpu({"train", "--resume", "--max-steps", "0", "--out", "parts", "--no-report"}).code, 0);
  EXPECT_EQ(file_text(here() / "parts" / "BART-10M.pth"), file_text(here() / "whole" / "BART-10M.pth"));
}

class ModelOnAGpu : public OnAGpu {
 protected:
  void SetUp() override {
    OnAGpu::SetUp();
    ASSERT_EQ(run_bart(here(), train(".", {"--precision", "f32"})).code, 0);
  }
  /// By picture and class.
  static std::map<std::string, double> probabilities(const std::string& csv) {
    std::map<std::string, double> all;
    for (const auto& row : csv_rows(csv)) all[row[0] + " " + row[2]] = std::stod(row[3]);
    return all;
  }
};

// Two float32 implementations differ by about 1e-5 of a logit (cuda_backend_test.cpp), the logits of this
// model are below 10, and a probability moves by at most half as much as a logit.
constexpr double probability_tolerance = 10 * 1e-5 / 2;

TEST_F(ModelOnAGpu, PredictsWithTheProcessorsProbabilities) {
  const std::vector<std::string> predict = {
      "predict", "inference_images", "--top-k", "3", "--format", "csv", "--out", "-"};
  const BartResult expected = run_bart(here(), predict);
  ASSERT_EQ(expected.code, 0) << expected.err;
  for (const char* device : {"auto", "cuda", "cpu"}) {
    std::vector<std::string> command = predict;
    command.insert(command.end(), {"--device", device});
    const BartResult result = on_gpu(command);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.err.find("Batlogger (Inference) - INFO - Using CUDA\n") != std::string::npos,
              device != std::string("cpu"));
    const auto ours = probabilities(result.out), theirs = probabilities(expected.out);
    ASSERT_EQ(ours.size(), 15u);
    for (const auto& [name, probability] : theirs)
      EXPECT_NEAR(ours.at(name), probability, probability_tolerance) << name;
  }
  expect_failure(on_gpu({"predict", "--device", "cuda"}, "devices=0"), "NVIDIA's driver finds no GPU");
  const BartResult small = on_gpu({"predict"}, "memory=1000000");
  EXPECT_EQ(small.code, 0);
  EXPECT_THAT(small.err, HasSubstr("WARNING - Computing on the processor: the GPU Stand-in 1000 has not "
                                   "enough free memory"));
  const BartResult refused = on_gpu({"predict", "--device", "cuda"}, "memory=1000000");
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("has not enough free memory"), Not(HasSubstr("Using CUDA"))));
}

TEST_F(ModelOnAGpu, EvaluatesWithTheProcessorsFigures) {
  const auto evaluation = [&](const BartResult& result) {
    EXPECT_EQ(result.code, 0) << result.err;
    return json::parse(result.out);
  };
  const json ours = evaluation(on_gpu({"evaluate", "--json", "--device", "cuda"}));
  const json theirs = evaluation(run_bart(here(), {"evaluate", "--json"}));
  EXPECT_EQ(ours["accuracy"], theirs["accuracy"]);
  EXPECT_EQ(ours["confusion"], theirs["confusion"]);
}

TEST_F(ModelOnAGpu, ExplainsOnIt) {
  const BartResult explained =
      on_gpu({"explain", "inference_images/pic_0.jpg", "--device", "cuda", "--out", "gpu.png"});
  ASSERT_EQ(explained.code, 0) << explained.err;
  EXPECT_THAT(explained.err, HasSubstr("Batlogger (Explain) - INFO - Using CUDA\n"));
  const BartResult expected = run_bart(here(), {"explain", "inference_images/pic_0.jpg", "--out", "cpu.png"});
  EXPECT_EQ(explained.out, expected.out);  // probabilities with a digit after the point of a percentage
}

// From several threads, which the GPU serves one after the other.
TEST_F(ModelOnAGpu, ServesWithTheDigitsOfPredict) {
  const BartResult predicted = on_gpu(
      {"predict", "inference_images", "--top-k", "3", "--format", "jsonl", "--out", "-", "--device", "cuda"});
  ASSERT_EQ(predicted.code, 0) << predicted.err;
  RunningBart server(here(), {"serve", "--port", "0", "--device", "cuda"}, with_driver());
  for (int i = 0; i < 6000 && server.err_so_far().find(" at http") == std::string::npos; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const std::string log = server.err_so_far();
  ASSERT_THAT(log, AllOf(HasSubstr("Batlogger (Serve) - INFO - Using CUDA\n"), HasSubstr(" at http")));
  const std::size_t begin = log.find("http://");
  const std::string address = log.substr(begin, log.find('\n', begin) - begin);
  std::vector<std::thread> clients;
  std::istringstream lines(predicted.out);
  for (std::string line; std::getline(lines, line);) {
    clients.emplace_back([&, line] {
      const std::string name = line.substr(10, line.find('"', 10) - 10);
      const std::string classes = line.substr(line.find("\"classes\""));  // with the } of the line
      const std::string file = file_text(here() / "inference_images" / name);
      EXPECT_THAT(Client(address).ask(post_request("/v1/predict?top_k=3", file)).body,
                  HasSubstr("[{" + classes + "]"));
    });
  }
  EXPECT_EQ(clients.size(), 5u);
  for (std::thread& client : clients) client.join();
  server.send(SIGTERM);
  const BartResult ended = server.wait();
  EXPECT_EQ(ended.code, 0) << ended.err;
}

TEST_F(ModelOnAGpu, ThatIsTooSmallForTheBatchLeavesItToTheProcessor) {
  const BartResult evaluated = on_gpu({"evaluate", "--json", "--bs", "300"}, "memory=12000000");
  EXPECT_EQ(evaluated.code, 0) << evaluated.err;
  EXPECT_THAT(evaluated.err, AllOf(HasSubstr("WARNING - Computing on the processor: "),
                                   HasSubstr("batches of 300"), Not(HasSubstr("Using CUDA"))));
  const BartResult measured =
      on_gpu({"bench", "--image-size", "16", "--bs", "2", "--classes", "3", "--rounds", "1", "--quick",
              "--only", "inference", "--precision", "f32", "--json"},
             "memory=6000000");
  EXPECT_EQ(measured.code, 0) << measured.err;
  EXPECT_THAT(measured.err,
              AllOf(HasSubstr("WARNING - Computing on the processor: "), Not(HasSubstr("Using CUDA"))));
  EXPECT_TRUE(json::parse(measured.out)["gpu"].is_null());
}

TEST_F(OnAGpu, TuneWarnsOnceOfOneThatItCannotUse) {
  const BartResult result = on_gpu({"tune", "faces", "--image-size", "16", "--bs", "8", "--epochs", "1",
                                    "--budget", "20s", "--trials", "2", "--out", "tuned"},
                                   "version=12040");
  EXPECT_EQ(result.code, 0) << result.err;
  const std::size_t first =
      result.err.find("WARNING - Computing on the processor: NVIDIA's driver is too old");
  EXPECT_NE(first, std::string::npos) << result.err;
  EXPECT_EQ(result.err.find("Computing on the processor", first + 20), std::string::npos);
}

TEST_F(OnAGpu, BenchMeasuresIt) {
  const auto bench = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"bench", "--image-size", "16", "--bs", "2", "--classes", "3", "--threads", "1",
                               "--rounds", "1", "--quick"});
    return on_gpu(more, "memory=2000000000");
  };
  const BartResult result =
      bench({"--json", "--only", "training", "--only", "inference", "--only", "limit", "--only", "start"});
  ASSERT_EQ(result.code, 0) << result.err;
  const json report = json::parse(result.out);
  EXPECT_EQ(report["gpu"], "Stand-in 1000");
  ASSERT_EQ(report["precisions"].size(), 3u);
  for (const json& precision : report["precisions"]) {
    EXPECT_GT(precision["training"]["images_per_second"], 0);
    EXPECT_GT(precision["inference"]["images_per_second"], 0);
    for (const char* plan : {"training_plan", "inference_plan"}) {
      const json& limit = precision[plan]["limit"];
      EXPECT_GT(limit["kernel_seconds"], 0);
      EXPECT_GE(limit["seconds"], limit["kernel_seconds"]);
      EXPECT_TRUE(precision[plan]["bound_seconds"].is_null());
    }
  }
  EXPECT_EQ(report["precisions"][1]["precision"], "tf32");
  EXPECT_GT(report["start_up_seconds"], 0);
  const BartResult text = bench({"--only", "limit", "--precision", "f32"});
  EXPECT_THAT(text.out, AllOf(HasSubstr(" on Stand-in 1000 and "), HasSubstr("the limit"),
                              HasSubstr("Its operations and the bound are not measured."),
                              Not(HasSubstr("BART / bound"))));
  const BartResult scale = bench({"--scale", "--device", "cuda"});
  EXPECT_EQ(scale.code, 2);
  EXPECT_EQ(scale.err,
            "bart: --operations, --scale and --processes measure a processor: leave --device cuda out\n");
}

TEST_F(OnAGpu, FindsALearningRateOnIt) {
  const BartResult found =
      on_gpu({"lr-find", "faces", "--image-size", "16", "--bs", "4", "--steps", "20", "--to", "0.01"});
  ASSERT_EQ(found.code, 0) << found.err;
  EXPECT_THAT(found.err, HasSubstr("Batlogger (LR Find) - INFO - Using CUDA\n"));
}

}  // namespace
}  // namespace bart
