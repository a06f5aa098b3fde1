// bart predict as a user runs it, and its answers against PyTorch's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bart/formats/joblib.h"
#include "bart/formats/pth.h"
#include "bart/platform/files.h"
#include "csv.h"
#include "run_bart.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path goldens = fs::path(BART_TEST_SOURCE_DIR) / "goldens";
const fs::path subset = fs::path(BART_SHARED_DIR) / "data" / "simpsons_subset";

/// The network of make_subset_predictions.py: initial weights with other statistics and a louder last layer.
void change_as_in_golden(const fs::path& model) {
  StateDict state = decode_pth(read_file(model));
  std::map<std::string, std::string> statistics;
  for (const auto& row : csv_rows(file_text(goldens / "subset_statistics.csv"))) statistics[row[0]] = row[1];
  for (Tensor& tensor : state) {
    if (tensor.name == "classification_head.7.weight") {
      for (float& value : tensor.floats()) value *= 30;
    }
    const auto found = statistics.find(tensor.name);
    if (found == statistics.end()) continue;
    std::istringstream values(found->second);
    std::string hexadecimal;
    for (float& value : tensor.floats()) {
      values >> hexadecimal;
      value = std::strtof(hexadecimal.c_str(), nullptr);
    }
  }
  write_file(model, encode_pth(state));
}

TEST(Predict, GivesPyTorchsClassesAndProbabilities) {
  if (!fs::exists(subset)) GTEST_SKIP() << "the real pictures are not here: " << subset;
  const ScratchFolder scratch;
  ASSERT_EQ(run_bart(scratch.path(), {"train", subset.string(), "--epochs", "0", "--ignore-exif"}).code, 0);
  change_as_in_golden(scratch.path() / "BART-10M.pth");

  BartResult result = run_bart(scratch.path(), {"predict"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("Batlogger (Inference) - INFO - Saved predictions for 415 images to results.json\n"));
  const auto json = nlohmann::ordered_json::parse(file_text(scratch.path() / "results.json"));
  ASSERT_EQ(json.size(), 415u);
  EXPECT_EQ(std::next(json.begin(), 2).key(), "pic_10.jpg");  // sorted as names, like the original's

  result = run_bart(scratch.path(), {"predict", "--top-k", "42", "--format", "csv", "--out", "-"});
  ASSERT_EQ(result.code, 0) << result.err;
  std::map<std::string, std::map<std::string, double>> probabilities;
  for (const auto& row : csv_rows(result.out)) probabilities[row[0]][row[2]] = std::stod(row[3]);

  const std::vector<std::string> classes =
      decode_label_encoder(read_file(scratch.path() / "label_encoder.joblib"));
  double farthest = 0;
  for (const auto& row : csv_rows(file_text(goldens / "subset_predictions.csv"))) {
    const std::string& predicted = classes.at(std::stoul(row[1]));
    EXPECT_EQ(json[row[0]], predicted) << row[0];
    const auto& ours = probabilities.at(row[0]);
    farthest = std::max(farthest, std::abs(ours.at(predicted) - std::stod(row[2])));
    for (std::size_t k = 0; k < 5; ++k) {
      farthest = std::max(farthest, std::abs(ours.at(classes.at(10 * k)) - std::stod(row[3 + k])));
    }
  }
  EXPECT_LT(farthest, 1e-5);
  RecordProperty("farthest_probability", std::to_string(farthest));
}

class PredictDrawn : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run_bart(here(), {"sample", "faces", "--classes", "2", "--per-class", "4"}).code, 0);
    ASSERT_EQ(run_bart(here(), {"train", "faces", "--epochs", "0", "--image-size", "16"}).code, 0);
    for (const auto& entry : fs::recursive_directory_iterator(here() / "faces")) {
      if (entry.is_regular_file()) picture_ = entry.path();
    }
  }
  const fs::path& here() const { return scratch_.path(); }

  ScratchFolder scratch_;
  fs::path picture_;
};

TEST_F(PredictDrawn, APictureIsNamedByItsFile) {
  const BartResult result = run_bart(here(), {"predict", picture_.string()});
  ASSERT_EQ(result.code, 0) << result.err;
  const auto json = nlohmann::json::parse(file_text(here() / "results.json"));
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json.begin().key(), picture_.filename().string());
  EXPECT_THAT(result.err, HasSubstr(picture_.filename().string() + ": " + json.begin()->get<std::string>()));
}

TEST_F(PredictDrawn, AFolderIsReadByExtensionAndSubfoldersOnlyWhenAsked) {
  EXPECT_THAT(run_bart(here(), {"predict", "faces"}).err, HasSubstr("--recursive"));
  const BartResult result = run_bart(here(), {"predict", "faces", "--recursive", "--format", "text"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 8);
  EXPECT_THAT(result.out, HasSubstr(picture_.lexically_relative(here() / "faces").string() + ": "));
  EXPECT_FALSE(fs::exists(here() / "results.json"));
}

TEST_F(PredictDrawn, ProbabilitiesOfAllClassesSumToOne) {
  const BartResult result = run_bart(here(), {"predict", picture_.string(), "--top-k", "9", "--out", "-"});
  ASSERT_EQ(result.code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  ASSERT_EQ(json.begin()->size(), 2u);
  double sum = 0;
  for (const auto& ranked : *json.begin()) sum += ranked["probability"].get<double>();
  EXPECT_NEAR(sum, 1, 1e-6);
  EXPECT_GE((*json.begin())[0]["probability"], (*json.begin())[1]["probability"]);
}

TEST_F(PredictDrawn, ABatchGivesWhatOneByOneGives) {
  const BartResult all =
      run_bart(here(), {"predict", "faces", "--recursive", "--format", "csv", "--out", "-"});
  std::string one_by_one = "file,class\n";
  for (const auto& row : csv_rows(all.out)) {
    const BartResult one = run_bart(here(), {"predict", "faces/" + row[0], "--format", "csv", "--out", "-"});
    one_by_one += row[0] + "," + csv_rows(one.out)[0][1] + "\n";
  }
  EXPECT_EQ(one_by_one, all.out);
}

}  // namespace
}  // namespace bart
