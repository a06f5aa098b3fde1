// Whole trainings with the program: files, log and numbers of the original.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "bart/engine/engine.h"
#include "bart/formats/joblib.h"
#include "bart/formats/pth.h"
#include "bart/network/state_dict.h"
#include "bart/platform/files.h"
#include "bart/random/mt19937.h"
#include "csv.h"
#include "run_bart.h"
#include "subset.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using test::goldens;
using test::subset;
using testing::HasSubstr;
using testing::MatchesRegex;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Train, SubsetGivesTheOriginalsLogFilesAndFirstLosses) {
  if (!fs::exists(subset)) GTEST_SKIP() << "the real pictures are not here: " << subset;
  const ScratchFolder scratch;
  const BartResult result = run_bart(scratch.path(), {"train", subset.string(), "--max-steps", "2",
                                                      "--ignore-exif", "--exact", "--no-report"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "");

  const std::vector<std::string> expected = {
      "The number of images: 2072 is equal to the number of labels: True",
      "Number of classes: 42",
      "There are 105 different sizes for images",
      "Different shapes found: [(256, 256, 3), (1072, 1912, 3)]",
      "Saved label_encoder.joblib",
      "Saved 415 test images to inference_images/",
      "Training set size: 1657",
      "Test set size: 415",
      "Training in f32, exact",
      "Starting training...",
      "BART-10M.pth SAVED AT CURRENT WORKING DIRECTORY"};
  const std::vector<std::string> lines = lines_of(result.err);
  ASSERT_EQ(lines.size(), expected.size()) << result.err;
  const std::regex format(R"(\d\d/\d\d/\d{4} \d\d:\d\d:\d\d - Batlogger \(Train\) - INFO - (.*))");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    ASSERT_TRUE(std::regex_match(lines[i], match, format)) << lines[i];
    EXPECT_EQ(match[1], expected[i]);
  }

  std::size_t pictures = 0;
  for (const auto& row : csv_rows(file_text(goldens / "subset_test_pictures.csv"))) {
    const std::vector<std::uint8_t> bytes = read_file(scratch.path() / "inference_images" / row[0]);
    EXPECT_EQ(std::to_string(bytes.size()), row[1]) << row[0];
    EXPECT_EQ(fmt::format("{:08x}", ::crc32(0, bytes.data(), static_cast<unsigned>(bytes.size()))), row[2])
        << row[0];
    ++pictures;
  }
  EXPECT_EQ(pictures, 415u);

  EXPECT_EQ(decode_label_encoder(read_file(scratch.path() / "label_encoder.joblib")).size(), 42u);

  // Three times as far from float64 as PyTorch's float32 is; the first step's loss is a float's rounding
  // away.
  const auto losses = csv_rows(file_text(goldens / "subset_losses.csv"));
  const auto steps = csv_rows(file_text(scratch.path() / "bart-run" / "steps.csv"));
  ASSERT_EQ(steps.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const double truth = std::stod(losses[i][1]);
    const double torch = std::abs(std::stod(losses[i][2]) - truth);
    EXPECT_NEAR(std::stod(steps[i][2]), truth, std::max(3 * torch, 2 * 2.4e-7)) << "step " << i + 1;
  }

  const auto run = nlohmann::json::parse(file_text(scratch.path() / "bart-run" / "run.json"));
  EXPECT_EQ(run["options"]["precision"], "f32");
  EXPECT_EQ(run["options"]["exact"], true);
  EXPECT_EQ(run["results"]["status"], "stopped");
  EXPECT_EQ(run["results"]["steps"], 2);
  EXPECT_EQ(run["data"]["pictures"], 2072);
  EXPECT_EQ(run["data"]["test"], 415);
}

class TrainDrawn : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run_bart(here(), {"sample", "characters_train", "--classes", "3", "--per-class", "8"}).code, 0);
  }
  const fs::path& here() const { return scratch_.path(); }
  BartResult train(std::vector<std::string> flags) {
    flags.insert(flags.begin(), "train");
    flags.insert(flags.end(), {"--image-size", "32", "--bs", "8", "--no-report"});
    return run_bart(here(), flags);
  }

  ScratchFolder scratch_;
};

TEST_F(TrainDrawn, EveryEpochHasTheOriginalsLine) {
  const BartResult result = train({"--epochs", "2", "--out", "results"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err,
              testing::ContainsRegex("INFO - Epoch \\[1/2\\], Loss: [0-9]+\\.[0-9]{3}, "
                                     "Train Acc: [0-9]+\\.[0-9]{3}%, Val Acc: [0-9]+\\.[0-9]{3}%\n"));
  EXPECT_THAT(result.err, testing::ContainsRegex("INFO - Epoch \\[2/2\\], Loss: "));
  EXPECT_THAT(result.err, HasSubstr("BART-10M.pth SAVED AT results\n"));
  // In a pipe there is no progress bar and nothing that moves the cursor.
  EXPECT_THAT(result.err, testing::Not(HasSubstr("\x1b")));
  EXPECT_THAT(result.err, testing::Not(HasSubstr("\r")));

  // The epoch's loss is the mean of its steps'.
  const auto steps = csv_rows(file_text(here() / "results" / "bart-run" / "steps.csv"));
  ASSERT_EQ(steps.size(), 6u);  // 19 pictures to train on make 3 batches of 8
  const auto run = nlohmann::json::parse(file_text(here() / "results" / "bart-run" / "run.json"));
  EXPECT_EQ(run["results"]["status"], "finished");
  double sum = 0;
  for (int i = 0; i < 3; ++i) sum += std::stod(steps[static_cast<std::size_t>(i)][2]);
  EXPECT_NEAR(run["results"]["epochs"][0]["loss"].get<double>(), sum / 3, 1e-6);
}

TEST_F(TrainDrawn, TheSameCommandGivesTheSameBytes) {
  ASSERT_EQ(train({"--epochs", "2", "--out", "a"}).code, 0);
  ASSERT_EQ(train({"--epochs", "2", "--out", "b"}).code, 0);
  EXPECT_TRUE(read_file(here() / "a" / "BART-10M.pth") == read_file(here() / "b" / "BART-10M.pth"));
  EXPECT_EQ(file_text(here() / "a" / "bart-run" / "steps.csv"),
            file_text(here() / "b" / "bart-run" / "steps.csv"));
}

TEST_F(TrainDrawn, PrecisionIsTheProcessorsUnlessItIsAskedFor) {
  const auto losses = [&](const std::string& out, std::vector<std::string> flags) {
    flags.insert(flags.end(), {"--max-steps", "3", "--out", out});
    const BartResult result = train(flags);
    EXPECT_EQ(result.code, 0) << result.err;
    const auto run = nlohmann::json::parse(file_text(here() / out / "bart-run" / "run.json"));
    const auto precision = run["options"]["precision"].get<std::string>();
    EXPECT_THAT(result.err, testing::HasSubstr("Training in " + precision));
    return std::pair(precision, file_text(here() / out / "bart-run" / "steps.csv"));
  };
  const auto by_itself = losses("auto", {});
  const auto in_f32 = losses("f32", {"--precision", "f32"});
  EXPECT_EQ(in_f32.first, "f32");
  EXPECT_EQ(by_itself.first, multiplies_bf16() ? "bf16" : "f32");
  EXPECT_EQ(by_itself.second == in_f32.second, !multiplies_bf16());

  const BartResult both = train({"--exact", "--precision", "bf16"});
  EXPECT_EQ(both.code, 2);
  EXPECT_THAT(both.err, testing::HasSubstr("--exact trains in f32: leave --precision bf16 out"));
  if (runs_bf16()) {
    EXPECT_EQ(losses("bf16", {"--precision", "bf16"}).first, "bf16");
  } else {
    EXPECT_EQ(train({"--precision", "bf16"}).code, 2);
  }
}

TEST_F(TrainDrawn, NoEpochsSaveTheInitialWeights) {
  ASSERT_EQ(train({"--epochs", "0"}).code, 0);
  Mt19937 generator(10);
  const StateDict expected = initial_state({.classes = 3, .image_size = 32}, generator);
  const PthModel model = decode_pth_model(read_file(here() / "BART-10M.pth"));
  ASSERT_TRUE(model.metadata.has_value());
  EXPECT_TRUE(read_file(here() / "BART-10M.pth") == encode_pth(expected, *model.metadata));
}

TEST_F(TrainDrawn, LeavesTheDataFolderAlone) {
  const auto listing = [&] {
    std::string text;
    std::vector<fs::path> paths;
    for (const auto& entry : fs::recursive_directory_iterator(here() / "characters_train"))
      paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths)
      text += path.string() + (fs::is_regular_file(path) ? file_text(path) : "") + "\n";
    return text;
  };
  const std::string before = listing();
  ASSERT_EQ(train({"--epochs", "1"}).code, 0);
  EXPECT_EQ(listing(), before);
}

TEST_F(TrainDrawn, PrefixesFilesWhenAsked) {
  const fs::path folder = fs::directory_iterator(here() / "characters_train")->path();
  const fs::path picture = fs::directory_iterator(folder)->path();
  fs::rename(picture, folder / "pic_0001.jpg");
  ASSERT_EQ(train({"--epochs", "0", "--prefix_files"}).code, 0);
  EXPECT_TRUE(fs::exists(folder / (folder.filename().string() + "_pic_0001.jpg")));
  EXPECT_FALSE(fs::exists(folder / "pic_0001.jpg"));
}

TEST_F(TrainDrawn, TakesTheOriginalsFlags) {
  fs::rename(here() / "characters_train", here() / "my faces");
  const BartResult result =
      train({"--folder_name", "my faces", "--lr", "0.0005", "--epochs", "1", "--max_steps=1"});
  EXPECT_EQ(result.code, 0) << result.err;
  const auto run = nlohmann::json::parse(file_text(here() / "bart-run" / "run.json"));
  EXPECT_THAT(run["command"], HasSubstr("--folder_name 'my faces'"));
  EXPECT_EQ(run["options"]["learning_rate"], 0.0005);
}

}  // namespace
}  // namespace bart
