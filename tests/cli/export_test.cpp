// bart export and bart convert as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bart/formats/joblib.h"
#include "bart/platform/files.h"
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::MatchesRegex;

class Export : public DrawnFaces {
 protected:
  Export() : DrawnFaces(3, 4) {}

  void SetUp() override {
    DrawnFaces::SetUp();
    ASSERT_EQ(train_faces({"--epochs", "0"}).code, 0);
  }

  std::string predictions(const std::string& model) {
    const BartResult result =
        run_bart(here(), {"predict", "--model", model, "--top-k", "3", "--format", "csv", "--out", "-"});
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  }

  void expect_refused(int code, const std::vector<std::string>& arguments, const std::string& words) {
    const BartResult result = run_bart(here(), arguments);
    EXPECT_EQ(result.code, code) << testing::PrintToString(arguments);
    EXPECT_THAT(result.err, HasSubstr(words));
    EXPECT_EQ(result.out, "");
  }
};

TEST_F(Export, OnnxAndSafetensorsPredictTheSameWithoutALabelFile) {
  const std::string expected = predictions("BART-10M.pth");
  for (const std::string format : {"onnx", "safetensors"}) {
    const BartResult result = run_bart(here(), {"export", "--format", format});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("BART-10M." + format + ": "));
    EXPECT_THAT(result.out,
                HasSubstr("on 3 pictures of inference_images: the same class for 3, probabilities "
                          "within 0"));
  }
  fs::remove(here() / "label_encoder.joblib");
  fs::remove(here() / "BART-10M.pth");
  EXPECT_EQ(predictions("BART-10M.onnx"), expected);
  EXPECT_EQ(predictions("BART-10M.safetensors"), expected);
}

TEST_F(Export, AModelIsToldByContentNotByName) {
  const std::string expected = predictions("BART-10M.pth");
  ASSERT_EQ(run_bart(here(), {"export", "--with-preprocessing"}).code, 0);
  fs::remove(here() / "label_encoder.joblib");
  fs::rename(here() / "BART-10M.onnx", here() / "BART-10M.pth");
  EXPECT_EQ(predictions("BART-10M.pth"), expected);
  const std::string summary = run_bart(here(), {"summary", "--model", "BART-10M.pth"}).out;
  EXPECT_THAT(summary, HasSubstr("All parameters"));
  EXPECT_EQ(run_bart(here(), {"summary", "--model", "."}).out, summary) << "the folder of a training";
  EXPECT_EQ(run_bart(here(), {"summary", "--model", "bart-run/checkpoint-0.safetensors"}).out, summary);
  expect_refused(1, {"summary", "--model", "faces"}, "faces holds no training");
}

TEST_F(Export, WithoutTestPicturesItIsCheckedOnDrawnOnes) {
  fs::remove_all(here() / "inference_images");
  const BartResult result = run_bart(here(), {"export"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("on 64 pictures of bart sample (no pictures in inference_images)"));
}

TEST_F(Export, ConvertingThereAndBackGivesTheSameBytes) {
  fs::create_directory(here() / "taken");
  ASSERT_EQ(run_bart(here(), {"convert", "BART-10M.pth", "model.safetensors"}).code, 0);
  ASSERT_EQ(run_bart(here(), {"convert", "model.safetensors", "model.onnx"}).code, 0);
  const BartResult result = run_bart(here(), {"convert", "model.onnx", "taken/model.pth"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(read_file(here() / "taken" / "model.pth"), read_file(here() / "BART-10M.pth"));
  EXPECT_EQ(read_file(here() / "taken" / "label_encoder.joblib"), read_file(here() / "label_encoder.joblib"));
}

TEST_F(Export, HalfIsHalfTheSizeAndSaysHowFarItIs) {
  for (const std::string format : {"onnx", "safetensors"}) {
    ASSERT_EQ(run_bart(here(), {"export", "--format", format}).code, 0);
    const BartResult result = run_bart(here(), {"export", "--format", format, "--half", "--out", "half"});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("float16 weights"));
    EXPECT_THAT(result.out, MatchesRegex(".*probabilities within [1-9].[0-9]e-[0-9]+\n"));
    const auto whole = static_cast<double>(fs::file_size(here() / ("BART-10M." + format)));
    EXPECT_NEAR(static_cast<double>(fs::file_size(here() / "half")) / whole, 0.5, 0.01);
  }
}

TEST_F(Export, MistakesAreNamed) {
  expect_refused(2, {"export", "--opset", "12"}, "--opset must be from 13 to 17, not 12");
  expect_refused(2, {"export", "--format", "pth", "--out", "x.pth", "--opset", "13"},
                 "--opset works only for ONNX");
  expect_refused(2, {"export", "--format", "onnx", "--out", "x.pth"}, "--out x.pth");
  expect_refused(2, {"export", "--format", "tflite"}, "--format must be onnx, safetensors or pth");
  expect_refused(2, {"convert", "BART-10M.pth", "model.h5"}, "the extension of model.h5");
  expect_refused(2, {"convert", "BART-10M.pth", "model"}, "the extension of model");
  expect_refused(2, {"convert", "BART-10M.pth"}, "output");
  expect_refused(2, {"export", "--format", "pth"}, "would replace BART-10M.pth, which this command reads");
  expect_refused(2, {"export", "--format", "pth", "--half", "--out", "x.pth"}, "--half");
  expect_refused(2, {"convert", "BART-10M.pth", "x.pth", "--with-preprocessing"}, "--with-preprocessing");
  expect_refused(1, {"export", "--model", "nothing.pth"}, "nothing.pth");
  expect_refused(1, {"export", "--labels", "nothing.joblib"}, "nothing.joblib");
  expect_refused(1, {"export", "--model", "label_encoder.joblib"}, "label_encoder.joblib: ");
  EXPECT_FALSE(fs::exists(here() / "BART-10M.onnx"));
}

TEST_F(Export, ARunsFolderIsAModelAndTheFormatFollowsTheName) {
  fs::create_directory(here() / "elsewhere");
  const BartResult result =
      run_bart(here() / "elsewhere", {"export", "--model", "../", "--out", "m.safetensors"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(run_bart(here(), {"convert", "elsewhere/m.safetensors", "elsewhere/m.pth"}).code, 0);
  EXPECT_EQ(read_file(here() / "elsewhere" / "m.pth"), read_file(here() / "BART-10M.pth"));
  // Beside a link, not beside what it leads to.
  fs::create_symlink("../BART-10M.pth", here() / "elsewhere/linked.pth");
  ASSERT_EQ(run_bart(here() / "elsewhere", {"export", "--model", "linked.pth"}).code, 0);
  EXPECT_TRUE(fs::exists(here() / "elsewhere/linked.onnx"));
}

TEST_F(Export, LabelsOfAnotherModelAreNotReplaced) {
  ASSERT_EQ(run_bart(here(), {"export"}).code, 0);
  const auto others = encode_label_encoder({"Ann", "Bo"});
  write_file(here() / "label_encoder.joblib", others);
  expect_refused(1, {"convert", "BART-10M.onnx", "model.pth"}, "names other classes");
  EXPECT_FALSE(fs::exists(here() / "model.pth"));
  EXPECT_EQ(read_file(here() / "label_encoder.joblib"), others);
}

TEST_F(Export, ADamagedModelIsRefusedByName) {
  ASSERT_EQ(run_bart(here(), {"export"}).code, 0);
  auto bytes = read_file(here() / "BART-10M.onnx");
  bytes.resize(bytes.size() / 2);
  write_file(here() / "BART-10M.onnx", bytes);
  expect_refused(1, {"predict", "--model", "BART-10M.onnx"}, "BART-10M.onnx: ");
}

TEST_F(Export, AFullDiskLeavesTheOldExport) {
  ASSERT_EQ(run_bart(here(), {"export"}).code, 0);
  const auto before = read_file(here() / "BART-10M.onnx");
  const BartResult result =
      run_bart(here(), {"export", "--with-preprocessing"}, {.file_size_limit = 100'000});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("BART-10M.onnx"));
  EXPECT_EQ(read_file(here() / "BART-10M.onnx"), before);
}

}  // namespace
}  // namespace bart
