// bart evaluate as a user runs it. The figures themselves are tested in tests/training/metrics_test.cpp.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "bart/formats/pth.h"
#include "bart/formats/weights_fingerprint.h"
#include "bart/pictures/encode_png.h"
#include "bart/platform/files.h"
#include "csv.h"
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// The IEEE 754 binary16 nearest to a value of normal size, ties to even.
std::uint16_t half_of(float value) {
  const int exponent = std::max(value == 0 ? -14 : std::ilogb(value), -14);
  const auto steps = static_cast<int>(std::nearbyint(std::ldexp(std::abs(value), 10 - exponent)));
  return static_cast<std::uint16_t>((std::signbit(value) ? 0x8000 : 0) + (exponent + 14) * 1024 + steps);
}

/// A safetensors file with every tensor as float16, as PyTorch saves a model after model.half().
std::vector<std::uint8_t> all_half(const StateDict& state) {
  json header;
  std::vector<std::uint8_t> data;
  for (const Tensor& tensor : state) {
    const std::size_t begin = data.size();
    const auto add = [&](double value) {
      const std::uint16_t half = half_of(static_cast<float>(value));
      data.insert(data.end(), {static_cast<std::uint8_t>(half), static_cast<std::uint8_t>(half >> 8)});
    };
    std::visit([&](const auto& values) { std::ranges::for_each(values, add); }, tensor.values);
    header[tensor.name] = {{"dtype", "F16"}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = header.dump();
  std::vector<std::uint8_t> file(8);
  for (int i = 0; i < 8; ++i)
    file[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(text.size() >> 8 * i);
  file.insert(file.end(), text.begin(), text.end());
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

class EvaluateDrawn : public DrawnFaces {
 protected:
  EvaluateDrawn() : DrawnFaces(3, 8) {}

  void SetUp() override {
    DrawnFaces::SetUp();
    train(0);
    for (const auto& entry : fs::directory_iterator(here() / "faces"))
      classes_.push_back(entry.path().filename());
    std::sort(classes_.begin(), classes_.end());
  }
  /// Returns the log.
  std::string train(int epochs) const {
    const BartResult result = run_bart(here(), {"train", "faces", "--epochs", std::to_string(epochs),
                                                "--image-size", "32", "--bs", "8", "--no-report"});
    EXPECT_EQ(result.code, 0) << result.err;
    return result.err;
  }
  BartResult evaluate(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "evaluate");
    return run_bart(here(), arguments);
  }
  json evaluated(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    const BartResult result = evaluate(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.code == 0 ? json::parse(result.out) : json();
  }
  /// The file that inference_images/pic_0.jpg was made from.
  fs::path test_picture() const {
    return here() / "faces" / csv_rows(file_text(here() / "bart-run" / "test_pictures.csv"))[0][1];
  }

  std::vector<std::string> classes_;
};

TEST_F(EvaluateDrawn, TestPicturesGiveTheLastValidationsFigures) {
  train(2);
  const json figures = evaluated({"--bs", "8"});
  const json run = json::parse(file_text(here() / "bart-run" / "run.json"));
  const json& last = run["results"]["epochs"].back();
  EXPECT_EQ(figures["pictures"], 5);
  EXPECT_DOUBLE_EQ(100 * figures["accuracy"].get<double>(), last["validation_accuracy_percent"]);
  EXPECT_EQ(figures["macro"]["f1"], last["validation_macro_f1"]);
  EXPECT_EQ(figures["loss"], last["validation_loss"]);
  EXPECT_EQ(figures["test_pictures_only"], true);
}

TEST_F(EvaluateDrawn, TrainingLogsMacroF1BelowEachEpoch) {
  EXPECT_THAT(train(2),
              testing::ContainsRegex(
                  "INFO - Epoch \\[1/2\\], [^\n]*\n[^\n]*INFO - Val Macro F1: [01]\\.[0-9]{3}\n"
                  "[^\n]*INFO - Epoch \\[2/2\\], [^\n]*\n[^\n]*INFO - Val Macro F1: [01]\\.[0-9]{3}\n"));
}

TEST_F(EvaluateDrawn, AFolderIsCountedAsPredictSaysIt) {
  const json figures = evaluated({"faces", "--csv", "classes.csv", "--confusion", "confusion.csv"});
  std::map<std::string, std::map<std::string, int>> counted;
  int right = 0;
  const BartResult predicted =
      run_bart(here(), {"predict", "faces", "--recursive", "--format", "csv", "--out", "-"});
  for (const auto& row : csv_rows(predicted.out)) {
    const std::string truth = row[0].substr(0, row[0].find('/'));
    ++counted[truth][row[1]];
    right += truth == row[1];
  }
  EXPECT_EQ(figures["pictures"], 24);
  EXPECT_EQ(figures["accuracy"], right / 24.0);
  EXPECT_EQ(figures["confusion"]["classes"], json(classes_));
  const auto confusion = csv_rows(file_text(here() / "confusion.csv"));
  const auto table = csv_rows(file_text(here() / "classes.csv"));
  ASSERT_EQ(confusion.size(), 3u);
  ASSERT_EQ(table.size(), 3u);
  for (std::size_t truth = 0; truth < 3; ++truth) {
    for (std::size_t other = 0; other < 3; ++other) {
      const int count = counted[classes_[truth]][classes_[other]];
      EXPECT_EQ(figures["confusion"]["matrix"][truth][other], count);
      EXPECT_EQ(confusion[truth][other + 1], std::to_string(count));
    }
    EXPECT_EQ(table[truth][0], classes_[truth]);
    EXPECT_EQ(std::stod(table[truth][3]), figures["per_class"][truth]["f1"].get<double>());
    EXPECT_EQ(table[truth][4], "8");
  }
}

TEST_F(EvaluateDrawn, TextIsScikitLearnsTableAndTheFigures) {
  const BartResult result = evaluate({"faces"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("BART-10M.pth on the 24 pictures of faces\n"),
                                HasSubstr("  precision    recall  f1-score   support\n"),
                                HasSubstr("weighted avg  "), HasSubstr("\nAccuracy  "), HasSubstr("\nLoss  "),
                                HasSubstr("F1              macro "), HasSubstr("ECE ")));
  EXPECT_THAT(result.err, HasSubstr("trained on 19 of 24 pictures (79 %)"));
}

TEST_F(EvaluateDrawn, ClassesOfTheModelMayBeMissing) {
  fs::create_directories(here() / "some");
  fs::copy(here() / "faces" / classes_[1], here() / "some" / classes_[1]);
  const json figures = evaluated({"some"});
  EXPECT_EQ(figures["pictures"], 8);
  EXPECT_EQ(figures["confusion"]["classes"].size(), 3u);
  const BartResult text = evaluate({"some"});
  EXPECT_THAT(text.out, HasSubstr("There are no pictures of 2 of the model's 3 classes: " + classes_[0] +
                                  ", " + classes_[2] + "\n"));
  EXPECT_THAT(text.err, HasSubstr("on 7 of 8 pictures"));  // copies of what it was trained on
}

TEST_F(EvaluateDrawn, ABrokenPictureIsSkippedOrStopsIt) {
  fs::create_directories(here() / "some");
  fs::copy(here() / "faces" / classes_[1], here() / "some" / classes_[1]);
  for (int copy = 0; copy < 3; ++copy) {
    for (const auto& entry : fs::directory_iterator(here() / "faces" / classes_[1])) {
      fs::copy(entry.path(),
               here() / "some" / classes_[1] / (std::to_string(copy) + entry.path().filename().string()));
    }
  }
  std::ofstream(here() / "some" / classes_[1] / "broken.jpg") << "no picture";
  const json figures = evaluated({"some"});
  EXPECT_EQ(figures["pictures"], 32);
  EXPECT_EQ(figures["skipped"][0]["file"], classes_[1] + "/broken.jpg");
  const BartResult strict = evaluate({"some", "--strict"});
  EXPECT_EQ(strict.code, 1);
  EXPECT_THAT(strict.err, HasSubstr("broken.jpg"));
}

TEST_F(EvaluateDrawn, AFolderOfAnotherClassIsNamed) {
  fs::copy(here() / "faces" / classes_[0], here() / "faces" / "batman");
  const BartResult result = evaluate({"faces"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("not classes of the model: batman"), HasSubstr(classes_[0] + ", ")));
}

TEST_F(EvaluateDrawn, ClassNamesOfAnyKindAreSafeOnATerminal) {
  fs::rename(here() / "faces" / classes_[0], here() / "faces" / "日本 \x1b[31m,\"\xC2\x9B");
  train(0);
  const BartResult result = evaluate({"--confusion", "confusion.csv"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("日本 \xEF\xBF\xBD[31m,\"\xEF\xBF\xBD"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(file_text(here() / "confusion.csv"), HasSubstr("\"日本 \xEF\xBF\xBD[31m,\"\"\xEF\xBF\xBD\""));
}

TEST_F(EvaluateDrawn, AChangedTestPictureStopsIt) {
  std::ofstream(test_picture(), std::ios::app) << "x";
  const BartResult changed = evaluate({});
  EXPECT_EQ(changed.code, 1);
  EXPECT_THAT(changed.err,
              AllOf(HasSubstr("1 of the 5 test pictures"), HasSubstr(test_picture().filename().string())));
  fs::remove(test_picture());
  EXPECT_EQ(evaluate({}).code, 1);
}

TEST_F(EvaluateDrawn, OtherPicturesInTheDataFolderChangeNothing) {
  const json before = evaluated({});
  fs::path other;
  for (const auto& entry : fs::directory_iterator(test_picture().parent_path())) other = entry.path();
  fs::copy(other, here() / "faces" / classes_[0] / "0_more.jpg");
  EXPECT_EQ(evaluated({}), before);
}

TEST_F(EvaluateDrawn, AModelElsewhereHasItsRunBesideIt) {
  const json before = evaluated({});
  fs::create_directories(here() / "moved");
  for (const char* name : {"BART-10M.pth", "label_encoder.joblib", "bart-run"}) {
    fs::rename(here() / name, here() / "moved" / name);
  }
  const json after = evaluated({"--model", "moved/BART-10M.pth", "--labels", "moved/label_encoder.joblib"});
  EXPECT_EQ(after["confusion"], before["confusion"]);
  EXPECT_EQ(after["loss"], before["loss"]);
}

TEST_F(EvaluateDrawn, TrainingPicturesAreKnownByContentWhereverTheyLie) {
  const json before = evaluated({});
  fs::rename(here() / "faces", here() / "moved");
  EXPECT_THAT(evaluate({"moved"}).err, HasSubstr("trained on 19 of 24 pictures (79 %)"));
  const json test = evaluated({"moved", "--split", "test"});
  EXPECT_EQ(test["pictures"], 5);
  EXPECT_EQ(test["confusion"], before["confusion"]);
  EXPECT_EQ(test["test_pictures_only"], true);
  EXPECT_EQ(evaluated({"moved", "--split", "train"})["pictures"], 19);
  EXPECT_THAT(evaluate({"moved", "--split", "validation"}).err, HasSubstr("had no validation pictures"));
  // A part of them, under other names.
  fs::remove_all(here() / "moved" / classes_[0]);
  EXPECT_THAT(evaluate({"moved", "--split", "train"}).err, HasSubstr(" of the 19 train pictures"));
  // Pictures that the model was not trained on give no warning.
  ASSERT_EQ(run_bart(here(), {"sample", "fresh", "--classes", "3", "--per-class", "9"}).code, 0);
  for (const std::string& name : classes_) {
    for (const auto& entry : fs::directory_iterator(here() / "fresh" / name)) {
      if (entry.path().filename() != "pic_0008.jpg") fs::remove(entry.path());
    }
  }
  const BartResult fresh = evaluate({"fresh"});
  EXPECT_EQ(fresh.code, 0) << fresh.err;
  EXPECT_THAT(fresh.err, Not(HasSubstr("trained on")));
  fs::remove(here() / "bart-run" / "pictures.csv");
  EXPECT_EQ(evaluate({"moved", "--split", "test"}).code, 1);
}

TEST_F(EvaluateDrawn, ARowPerPicture) {
  const json figures = evaluated({"faces", "--predictions", "p.csv"});
  evaluated({"faces", "--predictions", "p.json"});
  const auto rows = csv_rows(file_text(here() / "p.csv"));
  const json list = json::parse(file_text(here() / "p.json"));
  ASSERT_EQ(rows.size(), 24u);
  ASSERT_EQ(list.size(), 24u);
  const BartResult predicted =
      run_bart(here(), {"predict", "faces", "--recursive", "--top-k", "1", "--format", "csv", "--out", "-"});
  const auto expected = csv_rows(predicted.out);
  int right = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i],
              (std::vector<std::string>{expected[i][0], expected[i][0].substr(0, expected[i][0].find('/')),
                                        expected[i][2], expected[i][3]}));
    EXPECT_EQ(list[i]["file"], rows[i][0]);
    EXPECT_EQ(list[i]["prediction"], rows[i][2]);
    right += rows[i][1] == rows[i][2];
  }
  EXPECT_EQ(figures["accuracy"], right / 24.0);
  EXPECT_EQ(evaluate({"faces", "--predictions", "-"}).out, file_text(here() / "p.csv"));
  EXPECT_EQ(evaluate({"faces", "--csv", "c.json"}).code, 2);
  EXPECT_EQ(evaluate({"faces", "--csv", "-", "--confusion", "-"}).code, 2);
  EXPECT_EQ(evaluate({"faces", "--csv", "BART-10M.pth"}).code, 2);
}

TEST_F(EvaluateDrawn, ARunThatHasNotEndedIsWarnedOf) {
  json run = json::parse(file_text(here() / "bart-run" / "run.json"));
  run["results"]["status"] = "running";
  write_file(here() / "bart-run" / "run.json", run.dump());
  const BartResult result = evaluate({});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("has not ended"));
}

TEST_F(EvaluateDrawn, RecordsThatAreNoneAreRefused) {
  for (const char* bad : {"", "{", "[1, 2]", "{\"data\": {\"folder\": 3}}"}) {
    write_file(here() / "bart-run" / "run.json", std::string_view(bad));
    const BartResult result = evaluate({});
    EXPECT_EQ(result.code, 1) << bad;
    EXPECT_THAT(result.err, HasSubstr("is not what bart train writes"));
    EXPECT_EQ(evaluate({"faces"}).code, 0) << "a folder needs no record";
  }
  fs::remove(here() / "bart-run" / "run.json");
  EXPECT_THAT(evaluate({}).err, HasSubstr("there is no bart-run/run.json"));
}

TEST_F(EvaluateDrawn, TestPicturesThatAreNoListAreRefused) {
  for (const char* bad : {"", "picture,file,bytes\n", "picture,file,bytes\npic_0.jpg\n",
                          "picture,file,bytes\npic_0.jpg,a,3\n"}) {
    write_file(here() / "bart-run" / "test_pictures.csv", std::string_view(bad));
    const BartResult result = evaluate({});
    EXPECT_EQ(result.code, 1) << bad;
    EXPECT_THAT(result.err, HasSubstr("bart-run/test_pictures.csv"));
  }
}

TEST_F(EvaluateDrawn, DamagedWeightsGiveNoFigures) {
  const StateDict whole = decode_pth(read_file(here() / "BART-10M.pth"));
  const auto refusal = [&](const std::string& command, const std::string& tensor, float value) {
    StateDict state = whole;
    for (Tensor& each : state) {
      if (each.name == tensor) std::ranges::fill(each.floats(), value);
    }
    write_file(here() / "BART-10M.pth", encode_pth(state));
    // Another model than that of the training, which is not judged on its test pictures.
    const BartResult result =
        run_bart(here(), command == "evaluate" ? std::vector<std::string>{command, "faces"}
                                               : std::vector<std::string>{command});
    EXPECT_EQ(result.code, 1) << command << " " << tensor;
    return result.err;
  };
  for (const std::string command : {"evaluate", "predict"}) {
    for (const std::string tensor :
         {"block1.0.weight", "block2.1.running_var", "classification_head.7.bias"}) {
      EXPECT_THAT(refusal(command, tensor, std::numeric_limits<float>::quiet_NaN()),
                  HasSubstr("BART-10M.pth: tensor " + tensor + " holds a value that is not finite"));
    }
    EXPECT_THAT(refusal(command, "block1.0.bias", -std::numeric_limits<float>::infinity()),
                HasSubstr("tensor block1.0.bias"));
    // The weights are finite, but the network's outputs are not.
    EXPECT_THAT(refusal(command, "classification_head.7.weight", std::numeric_limits<float>::max()),
                HasSubstr("outputs are not finite"));
  }
}

TEST_F(EvaluateDrawn, AModelIsJudgedOnTheTestPicturesOfItsOwnTrainingAlone) {
  const auto train_with = [&](const std::string& seed, const std::string& out) {
    const BartResult result = run_bart(here(), {"train", "faces", "--epochs", "1", "--image-size", "32",
                                                "--bs", "8", "--no-report", "--seed", seed, "--out", out});
    EXPECT_EQ(result.code, 0) << result.err;
  };
  train_with("1", "a");
  train_with("2", "b");
  fs::copy(here() / "a/BART-10M.pth", here() / "b/first.pth");
  const auto expect_unknown = [&](const std::string& model) {
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"evaluate", "--model", model},
                                               {"evaluate", "faces", "--split", "test", "--model", model},
                                               {"audit", "faces", "--image-size", "32", "--model", model}}) {
      const BartResult result = run_bart(here(), arguments);
      EXPECT_EQ(result.code, 1) << model;
      EXPECT_THAT(result.err, HasSubstr("b/bart-run did not write b/")) << testing::PrintToString(arguments);
    }
    const BartResult folder = evaluate({"faces", "--model", model});
    EXPECT_EQ(folder.code, 0) << folder.err;
    EXPECT_THAT(folder.err, AllOf(HasSubstr("It is not known which of these pictures b/"),
                                  Not(HasSubstr("The model was trained on"))));
  };
  expect_unknown("b/first.pth");
  fs::copy_file(here() / "b/first.pth", here() / "b/BART-10M.pth", fs::copy_options::overwrite_existing);
  expect_unknown("b");

  // What was exported is known by its weights, also when another training has taken the place of its own.
  std::vector<std::string> models = {"a/BART-10M.onnx", "a/half.onnx", "a/half.safetensors", "a/taken.pth"};
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
           {}, {"--out", "a/half.onnx", "--half"}, {"--out", "a/half.safetensors", "--half"}}) {
    std::vector<std::string> arguments = {"export", "--model", "a"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    ASSERT_EQ(run_bart(here(), arguments).code, 0);
  }
  const StateDict state = decode_pth(read_file(here() / "a/BART-10M.pth"));
  write_file(here() / "a/taken.pth", encode_pth(state));
  models.push_back("a/all-half.safetensors");
  write_file(here() / models.back(), all_half(state));
  const json before = evaluated({"--model", "a"});
  const auto expect_the_first = [&] {
    for (const std::string& model : models) {
      const json now = evaluated({"--model", model});
      EXPECT_EQ(now["folder"], before["folder"]) << model;
      EXPECT_EQ(now["per_class"].size(), before["per_class"].size()) << model;
      for (std::size_t c = 0; c < 3; ++c)
        EXPECT_EQ(now["per_class"][c]["support"], before["per_class"][c]["support"]) << model;
      EXPECT_THAT(evaluate({"--model", model}).err, Not(HasSubstr("trained on"))) << model;
    }
  };
  expect_the_first();
  // Older records know the weights by another hash, in which only some are rounded.
  std::string record = file_text(here() / "a/bart-run/run.json");
  const std::string new_hash = fmt::format("{:016x}", weights_fingerprint(state));
  ASSERT_NE(record.find(new_hash), std::string::npos);
  std::string older = record;
  older.replace(older.find(new_hash), 16, fmt::format("{:016x}", older_weights_fingerprint(state)));
  write_file(here() / "a/bart-run/run.json", older);
  models.pop_back();
  expect_the_first();
  write_file(here() / "a/bart-run/run.json", record);
  models.push_back("a/all-half.safetensors");
  train_with("3", "a");
  expect_the_first();
  train_with("4", "a");
  for (const std::string& model : models) {
    const BartResult result = evaluate({"--model", model});
    EXPECT_EQ(result.code, 1) << model;
    EXPECT_THAT(result.err, HasSubstr("a/bart-run did not write " + model));
  }
}

TEST_F(EvaluateDrawn, TestPicturesThatAreTrainingPicturesAreSaidToBe) {
  fs::create_directories(here() / "set");
  for (const char* part : {"train", "val", "test"})
    fs::copy(here() / "faces", here() / "set" / part, fs::copy_options::recursive);
  for (const std::vector<std::string>& data : std::vector<std::vector<std::string>>{
           {"set"}, {"faces", "--test-folder", "set/test", "--validation-folder", "set/val"}}) {
    fs::remove_all(here() / "s");
    std::vector<std::string> arguments = {"train", "--epochs", "1", "--image-size", "32", "--bs",
                                          "8",     "--out",    "s"};
    arguments.insert(arguments.begin() + 1, data.begin(), data.end());
    const BartResult trained = run_bart(here(), arguments);
    EXPECT_EQ(trained.code, 0) << trained.err;
    for (const std::string& text : {trained.err, file_text(here() / "s/bart-run/run.json")}) {
      EXPECT_THAT(text,
                  AllOf(HasSubstr("24 of the 24 validation pictures (100.0 %) are training pictures, too"),
                        HasSubstr("24 of the 24 test pictures (100.0 %) are training pictures, too")));
    }
    EXPECT_THAT(file_text(here() / "s/bart-run/model_card.md"),
                HasSubstr(data.size() == 1
                              ? std::string("Split: the test pictures are the data set's own; the validation "
                                            "pictures are the data set's own.")
                              : fmt::format("Split: the test pictures are those of the folder {0}/test; the "
                                            "validation pictures are those of the folder {0}/val.",
                                            (here() / "set").string())));
    for (const char* page : {"model_card.md", "report.html"}) {
      const fs::path file = here() / "s/bart-run" / page;
      EXPECT_THAT(file_text(file), Not(HasSubstr("Seed of the split"))) << page;
      EXPECT_THAT(file_text(file), Not(HasSubstr("original, seed"))) << page;
    }
    const BartResult test = evaluate({"set", "--split", "test", "--model", "s"});
    EXPECT_EQ(test.code, 0) << test.err;
    EXPECT_THAT(test.out, HasSubstr("on the 24 test pictures"));
    EXPECT_THAT(test.err, HasSubstr("also trained on 24 of these 24 test pictures (100 %)"));
    EXPECT_THAT(evaluate({"--model", "s"}).err, HasSubstr("of these 24 test pictures (100 %)"));
  }
  EXPECT_THAT(train(0), Not(HasSubstr("are training pictures, too")));
}

TEST_F(EvaluateDrawn, ATestPictureOfTheSameSizeWithOtherPixelsIsRefused) {
  train(1);
  const fs::path picture = test_picture();
  const std::vector<std::uint8_t> before = read_file(picture);
  std::vector<std::uint8_t> other = encode_png(Picture{8, 8, std::vector<std::uint8_t>(8 * 8 * 3, 200)});
  ASSERT_LT(other.size(), before.size());
  other.resize(before.size());  // a reader stops where the picture ends
  write_file(picture, other);
  for (const char* command : {"evaluate", "report"}) {
    const BartResult result = run_bart(here(), {command});
    EXPECT_EQ(result.code, 1) << command;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("1 of the 5 test pictures in")) << command;
    EXPECT_THAT(result.err, HasSubstr("have changed since the training")) << command;
  }
  write_file(picture, before);
  EXPECT_EQ(evaluate({}).code, 0);
}

TEST_F(EvaluateDrawn, ThatNoPictureIsOfThePartIsSaid) {
  ASSERT_EQ(run_bart(here(), {"sample", "fresh", "--classes", "3", "--per-class", "8", "--seed", "5"}).code,
            0);
  const BartResult result = evaluate({"fresh", "--split", "test"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("none of the 24 pictures of fresh is one of the 5 test pictures of the "
                                    "training, by its content"));
}

TEST_F(EvaluateDrawn, PicturesThatAreNotTurnedAreKnownAllTheSame) {
  // "Turn me by 90 degrees", as a camera writes it between the first two bytes of a JPEG and the rest.
  const std::string exif(
      "\xff\xe1\x00\x22"
      "Exif\0\0"
      "MM\0*\0\0\0\x08"
      "\0\x01"
      "\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"
      "\0\0\0\0",
      36);
  for (const auto& entry : fs::recursive_directory_iterator(here() / "faces")) {
    if (!entry.is_regular_file()) continue;
    std::string bytes = file_text(entry.path());
    ASSERT_EQ(bytes.substr(0, 2), "\xff\xd8");
    write_file(entry.path(), bytes.insert(2, exif));
  }
  train(0);
  const BartResult stored = evaluate({"faces", "--ignore-exif"});
  EXPECT_THAT(stored.err, HasSubstr("trained on 19 of 24 pictures (79 %)"));
  EXPECT_NE(evaluated({"faces", "--ignore-exif"})["loss"], evaluated({"faces"})["loss"]);
  EXPECT_EQ(evaluated({"faces", "--split", "test", "--ignore-exif"})["pictures"], 5);
  EXPECT_EQ(evaluated({"faces", "--split", "test", "--ignore-exif"})["loss"],
            evaluated({"--ignore-exif"})["loss"]);
  const BartResult audited = run_bart(here(), {"audit", "faces", "--ignore-exif", "--model", "."});
  EXPECT_EQ(audited.code, 0) << audited.err;
  EXPECT_THAT(audited.out, HasSubstr("(of 5 judged)"));
}

TEST(Evaluate, RefusesBatchesOfNothing) {
  const ScratchFolder scratch;
  const BartResult result = run_bart(scratch.path(), {"evaluate", "--bs", "0"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--bs"));
}

}  // namespace
}  // namespace bart
