// bart evaluate as a user runs it. The figures themselves are tested in tests/training/metrics_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "bart/formats/pth.h"
#include "bart/platform/files.h"
#include "evaluate_drawn.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

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
  EXPECT_THAT(result.err, AllOf(HasSubstr("has folders that are not classes of the model: batman"),
                                HasSubstr(classes_[0] + ", ")));
  std::ofstream(here() / "faces.csv") << "faces/batman/pic_0000.jpg,robin\n";
  EXPECT_THAT(
      evaluate({"faces.csv"}).err,
      HasSubstr("faces.csv has labels that are not classes of the model: robin; rename or remove them"));
}

TEST_F(EvaluateDrawn, ClassNamesOfAnyKindAreSafeOnATerminal) {
  fs::rename(here() / "faces" / classes_[0], here() / "faces" / "日本 \x1b[31m,\"\xC2\x9B");
  train(0);
  const BartResult result = evaluate({"--confusion", "confusion.csv"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("日本 \xEF\xBF\xBD[31m,\"\xEF\xBF\xBD"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(file_text(here() / "confusion.csv"), HasSubstr("\"日本 \xEF\xBF\xBD[31m,\"\"\xEF\xBF\xBD\""));
}

TEST_F(EvaluateDrawn, JsonHoldsWhatWouldTurnWritingAroundAsEscapes) {
  fs::rename(here() / "faces" / classes_[0], here() / "faces" / "cat\u202egpj");
  train(1);
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"evaluate", "--json"},
           {"evaluate", "--predictions", "rows.json", "--json"},
           {"inspect", "faces", "--json"},
           {"train", "faces", "--out", "other", "--image-size", "16", "--epochs", "1", "--log", "json"}}) {
    const BartResult result = run_bart(here(), command);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.out + result.err, AllOf(HasSubstr("cat\\u202egpj"), Not(HasSubstr("\u202e"))))
        << command.front();
  }
  EXPECT_THAT(file_text(here() / "rows.json"), AllOf(HasSubstr("cat\\u202egpj"), Not(HasSubstr("\u202e"))));
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

TEST(Evaluate, RefusesBatchesOfNothing) {
  const ScratchFolder scratch;
  const BartResult result = run_bart(scratch.path(), {"evaluate", "--bs", "0"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--bs"));
}

}  // namespace
}  // namespace bart
