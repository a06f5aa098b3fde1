// Options of a training: a validation set, the best epoch, patience, class weights, an initial model, a
// configuration file.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bart/formats/pth.h"
#include "bart/network/state_dict.h"
#include "bart/platform/files.h"
#include "drawn_faces.h"
#include "one_processor.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class TrainingAids : public DrawnFaces {
 protected:
  TrainingAids() : DrawnFaces(3, 10) {}

  BartResult train(const std::string& out, std::vector<std::string> flags, const std::string& size = "16") {
    flags.insert(flags.begin(),
                 {"train", "faces", "--image-size", size, "--bs", "8", "--no-report", "--out", out});
    BartResult result = run_bart(here(), flags);
    EXPECT_EQ(result.code, 0) << result.err;
    return result;
  }
  nlohmann::json run_json(const std::string& out) const {
    return nlohmann::json::parse(file_text(here() / out / "bart-run/run.json"));
  }
  std::vector<std::uint8_t> model(const std::string& out, const std::string& file = "BART-10M.pth") const {
    return read_file(here() / out / file);
  }
};

TEST_F(TrainingAids, AValidationSetLeavesTheTestPicturesToTheEnd) {
  const BartResult result = train("run", {"--validation-size", "0.25", "--split", "stratified", "--epochs",
                                          "2", "--best", "macro-f1", "--threads", "1"});
  const auto run = run_json("run");
  EXPECT_EQ(run["data"]["train"], 18);
  EXPECT_EQ(run["data"]["validation"], 6);
  EXPECT_EQ(run["data"]["test"], 6);
  EXPECT_THAT(result.err, AllOf(HasSubstr("Validation set size: 6"), HasSubstr("BART-10M.pth: Test Acc: "),
                                HasSubstr("BART-10M.best.pth: Test Acc: "),
                                Not(HasSubstr("chosen on the test pictures"))));
  // The test set is the same as without a validation set, and the figures are those of bart evaluate.
  train("plain", {"--split", "stratified", "--epochs", "0"});
  EXPECT_EQ(file_text(here() / "run/bart-run/test_pictures.csv"),
            file_text(here() / "plain/bart-run/test_pictures.csv"));
  for (const auto& test : run["results"]["tests"]) {
    const BartResult evaluated = run_bart(here() / "run", {"evaluate", "--model", test["model"], "--json"});
    ASSERT_EQ(evaluated.code, 0) << evaluated.err;
    const auto evaluation = nlohmann::json::parse(evaluated.out);
    EXPECT_NEAR(evaluation["accuracy"].get<double>(), test["accuracy_percent"].get<double>() / 100, 1e-12);
  }
}

TEST_F(TrainingAids, TheBestEpochIsKeptAndSaidToBeChosenOnTheTestPictures) {
  const BartResult result = train("run", {"--epochs", "5", "--best", "accuracy", "--threads", "1"});
  const auto epochs = run_json("run")["results"]["epochs"];
  int best = 1;
  for (const auto& epoch : epochs) {
    if (epoch["validation_accuracy_percent"] >
        epochs[static_cast<std::size_t>(best) - 1]["validation_accuracy_percent"])
      best = epoch["epoch"];
  }
  EXPECT_THAT(result.err, AllOf(HasSubstr(fmt::format("The best epoch by Val Acc is {}:", best)),
                                HasSubstr("chosen on the test pictures themselves")));
  // It is the model at the end of a training with that many epochs.
  train("shorter", {"--epochs", std::to_string(best), "--threads", "1"});
  EXPECT_TRUE(model("run", "BART-10M.best.pth") == model("shorter"));
}

TEST_F(TrainingAids, PatienceEndsATrainingThatDoesNotImprove) {
  // Nothing changes with such small steps, so the first epoch stays the best.
  const BartResult result = train(
      "run", {"--epochs", "50", "--patience", "2", "--lr", "1e-30", "--threads", "1", "--test-size", "0.5"});
  const auto run = run_json("run");
  EXPECT_EQ(run["results"]["status"], "finished");
  EXPECT_LT(run["results"]["epochs"].size(), 50u);
  EXPECT_THAT(result.err, HasSubstr("the last 2 epochs were no better"));
  EXPECT_TRUE(fs::exists(here() / "run/BART-10M.pth"));
  // When the training is resumed, nothing is left to do.
  const BartResult again = run_bart(here(), {"train", "--resume", "--no-report", "--out", "run"});
  EXPECT_EQ(again.code, 0);
  EXPECT_EQ(run_json("run")["results"]["epochs"].size(), run["results"]["epochs"].size());
}

TEST_F(TrainingAids, ClassWeightsAndClippingChangeTheSteps) {
  train("plain", {"--epochs", "1", "--threads", "1"});
  fs::remove_all(fs::directory_iterator(*fs::directory_iterator(here() / "faces"))->path());
  train("one less", {"--epochs", "1", "--threads", "1"});
  train("balanced", {"--epochs", "1", "--threads", "1", "--class-weights", "balanced"});
  EXPECT_FALSE(model("one less") == model("balanced"));
  train("clipped", {"--epochs", "1", "--threads", "1", "--clip-norm", "0.01"});
  EXPECT_FALSE(model("one less") == model("clipped"));
  train("loose", {"--epochs", "1", "--threads", "1", "--clip-norm", "1e9"});
  EXPECT_TRUE(model("one less") == model("loose"));
}

TEST_F(TrainingAids, AModelOfOtherClassesLendsAllButItsLastLayer) {
  ASSERT_EQ(run_bart(here(), {"sample", "more", "--classes", "5", "--per-class", "4"}).code, 0);
  train("first", {"--epochs", "1"});
  const BartResult same = train("same", {"--epochs", "0", "--init", "first/BART-10M.pth"});
  EXPECT_THAT(same.err, HasSubstr("Started with the weights of first/BART-10M.pth\n"));
  EXPECT_TRUE(model("same") == model("first"));

  const BartResult other = run_bart(here(), {"train", "more", "--image-size", "16", "--epochs", "0", "--init",
                                             "first/BART-10M.pth", "--out", "other"});
  ASSERT_EQ(other.code, 0) << other.err;
  EXPECT_THAT(same.err, Not(HasSubstr("last layer")));
  const std::string sentence =
      "The last layer of first/BART-10M.pth was not used, so it starts from initial values: it has other "
      "classes; the "
      "model "
      "does not know ";
  EXPECT_THAT(other.err, HasSubstr("WARNING - " + sentence));
  EXPECT_THAT(run_json("other")["results"]["warnings"].dump(), HasSubstr(sentence));
  const StateDict before = decode_pth(model("first"));
  for (const Tensor& tensor : decode_pth(model("other"))) {
    if (tensor.name.starts_with("classification_head.7.")) {
      EXPECT_EQ(tensor.shape[0], 5);
    } else {
      EXPECT_TRUE(tensor.values == find_tensor(before, tensor.name)->values) << tensor.name;
    }
  }
  // The folder of a training stands for its best model if it kept one, else for its model. A checkpoint can
  // be named, too.
  train("kept", {"--epochs", "2", "--best", "accuracy"});
  const BartResult folder = train("from folder", {"--epochs", "0", "--init", "kept"});
  EXPECT_THAT(folder.err, HasSubstr("Started with the weights of kept/BART-10M.best.pth\n"));
  EXPECT_TRUE(model("from folder") == model("kept", "BART-10M.best.pth"));
  const std::string checkpoint = run_json("first")["results"]["steps"].dump();
  train("from checkpoint",
        {"--epochs", "0", "--init", "first/bart-run/checkpoint-" + checkpoint + ".safetensors"});
  EXPECT_TRUE(model("from checkpoint") == model("first"));
  const BartResult none = run_bart(here(), {"train", "faces", "--init", "faces", "--out", "none"});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.err, HasSubstr("faces holds no training"));

  const BartResult larger = run_bart(
      here(), {"train", "faces", "--image-size", "32", "--init", "first/BART-10M.pth", "--out", "larger"});
  EXPECT_EQ(larger.code, 1);
  EXPECT_THAT(larger.err, HasSubstr("train with the --image-size that it was trained with"));
}

TEST_F(TrainingAids, AConfigurationFileStandsForItsFlags) {
  train("flags", {"--epochs", "1", "--lr", "0.01", "--split", "stratified", "--seed", "3", "--threads", "1"});
  // The training writes the settings that it used.
  const BartResult result =
      run_bart(here(), {"train", "--config", "flags/bart-run/run.toml", "--no-report", "--out", "config"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(model("flags") == model("config"));
  EXPECT_EQ(file_text(here() / "flags/bart-run/run.toml"), file_text(here() / "config/bart-run/run.toml"));
  // The command line overrides it.
  ASSERT_EQ(run_bart(here(), {"train", "--config", "flags/bart-run/run.toml", "--no-report", "--seed", "4",
                              "--out", "b"})
                .code,
            0);
  EXPECT_FALSE(model("flags") == model("b"));

  const auto expect_refusal = [&](const std::string& line, const std::string& words) {
    std::ofstream(here() / "bad.toml") << line << "\n";
    const BartResult bad = run_bart(here(), {"train", "faces", "--config", "bad.toml"});
    EXPECT_EQ(bad.code, 2) << line << bad.err;
    EXPECT_THAT(bad.err, HasSubstr(words)) << line;
  };
  expect_refusal("epoch = 1",
                 "bad.toml says epoch, which is not a setting of a training; did you mean epochs?");
  expect_refusal("workers = 2", "did you mean threads?");
  expect_refusal("recipe = 'tuned'",
                 "says recipe, which is not a setting of a training: give --recipe on the");
  expect_refusal("lr = \"fast\"", "fast");
  expect_refusal("lr = -1", "bad.toml must be above 0, not -1");
  expect_refusal("lr = -1", "bart: lr in bad.toml must be");
  expect_refusal("split = \"sorted\"", "split in bad.toml must be one of");
  expect_refusal("[train]\nbatch_size = 0", "bart: batch_size in bad.toml must be at least 1, not 0");
  expect_refusal("threads = 5000", "bart: threads in bad.toml must be from 1 to 1024");
  expect_refusal("weight_decay = inf", "weight_decay in bad.toml must be finite, not inf");
  expect_refusal("clip_norm = inf", "clip_norm in bad.toml must be above 0 and finite, or 0, not inf");
  expect_refusal("folder = \"\"",
                 "says folder = \"\": name the folder of the pictures, or leave the line out");
  expect_refusal("folder = \"../D\\u0000\"",
                 "bad.toml gives folder a text with a zero character, which no file or setting has");
  expect_refusal("init = \"a\\u0000b\"", "gives init a text with a zero character");
  expect_refusal("\"a\\u0000b\" = 1", "bad.toml says a\uFFFDb, which is not a setting of a training");
  expect_refusal("optimizer = \"sgd\"\nlr = 200", "lr in bad.toml must be at most 100");
  // A flag of the command line is named as such.
  const BartResult flag = run_bart(here(), {"train", "faces", "--config", "bad.toml", "--lr", "300"});
  EXPECT_EQ(flag.code, 2);
  EXPECT_THAT(flag.err, HasSubstr("--lr must be at most 100"));
  for (const char* key : {"folder", "init", "test_folder", "validation-folder"}) {
    std::ofstream(here() / "bad.toml") << key << " = 'nowhere'\n";
    std::vector<std::string> arguments = {"train", "--config", "bad.toml"};
    if (std::string(key) != "folder") arguments.push_back("faces");
    const BartResult gone = run_bart(here(), arguments);
    EXPECT_EQ(gone.code, 1) << key;
    EXPECT_THAT(gone.err,
                HasSubstr(std::string("bad.toml says ") + key + " = nowhere, which does not exist"));
  }
}

TEST_F(TrainingAids, ASettingThatWouldChooseAmongGivenPicturesIsRefusedWithItsDefaultToo) {
  fs::create_directory(here() / "own");
  for (const char* part : {"train", "val", "test"})
    fs::copy(here() / "faces", here() / "own" / part, fs::copy_options::recursive);
  const auto expect_refusal = [&](std::vector<std::string> arguments, const std::string& words) {
    fs::remove_all(here() / "bart-tune");
    const BartResult refused = run_bart(here(), arguments);
    EXPECT_EQ(refused.code, 2) << testing::PrintToString(arguments);
    EXPECT_THAT(refused.err, AllOf(HasSubstr(words), HasSubstr("has no effect")))
        << testing::PrintToString(arguments);
  };
  for (const char* command : {"train", "lr-find", "tune"}) {
    expect_refusal({command, "own", "--test-size", "0.2"}, "--test-size 0.2");
    expect_refusal({command, "own", "--validation-size", "0"}, "--validation-size 0");
    expect_refusal({command, "own", "--split", "original"}, "--split original");
    expect_refusal({command, "faces", "--test-folder", "faces", "--test-size", "0.2"}, "--test-size 0.2");
    expect_refusal({command, "faces", "--validation-folder", "faces", "--validation-size", "0"},
                   "--validation-size 0");
  }
  expect_refusal({"inspect", "own", "--test-size", "0.2"}, "--test-size 0.2");
  std::ofstream(here() / "own.toml") << "folder = 'own'\ntest_size = 0.2\n";
  expect_refusal({"train", "--config", "own.toml"}, "test_size in own.toml 0.2");
  // What bart train writes names every setting, and is taken.
  for (const std::vector<std::string>& asked :
       {std::vector<std::string>{"own"},
        {"faces", "--test-folder", "faces", "--validation-folder", "faces"}}) {
    std::vector<std::string> arguments = {"train", "--image-size", "16",    "--epochs",
                                          "0",     "--no-report",  "--out", "one"};
    arguments.insert(arguments.begin() + 1, asked.begin(), asked.end());
    ASSERT_EQ(run_bart(here(), arguments).code, 0);
    const BartResult again =
        run_bart(here(), {"train", "--config", "one/bart-run/run.toml", "--no-report", "--out", "two"});
    EXPECT_EQ(again.code, 0) << again.err;
  }
}

TEST_F(TrainingAids, LrFindDrawsTheCurveAndSuggestsARate) {
  const BartResult result =
      run_bart(here(), {"lr-find", "faces", "--image-size", "16", "--bs", "8", "--steps", "20"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Try bart train --lr "));
  const std::string svg = file_text(here() / "lr-find.svg");
  EXPECT_THAT(svg, AllOf(testing::StartsWith("<svg "), testing::EndsWith("</svg>\n"), HasSubstr("polyline"),
                         Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
  // The reason ends within the picture, 760 wide: it begins at 64, and a letter of 13 px is 6.3 wide on
  // average.
  const std::size_t reason = svg.find(">Suggested: ");
  ASSERT_NE(reason, std::string::npos);
  EXPECT_LE(64 + 6.3 * static_cast<double>(svg.find("</text>", reason) - reason - 1), 760);
  const BartResult wrong = run_bart(here(), {"lr-find", "faces", "--from", "1", "--to", "0.1"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--from must be above 0 and below --to"));
}

TEST_F(TrainingAids, AConfigurationFileSaysWhatItCannotHold) {
  fs::create_directory_symlink("faces", here() / "bad\xff");
  const BartResult trained = run_bart(
      here(), {"train", "bad\xff", "--image-size", "16", "--epochs", "0", "--no-report", "--out", "odd"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  const BartResult again = run_bart(here(), {"train", "--config", "odd/bart-run/run.toml"});
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err,
              HasSubstr("bart: odd/bart-run/run.toml does not hold folder, which is not UTF-8: name "
                        "it on the command line\n"));
  EXPECT_EQ(run_bart(here(), {"train", "bad\xff", "--config", "odd/bart-run/run.toml", "--no-report", "--out",
                              "named"})
                .code,
            0);
}

TEST_F(TrainingAids, NumbersAreDecimal) {
  train("run", {"--epochs", "0", "--seed", "042", "--patience", "010"});
  EXPECT_EQ(run_json("run")["options"]["seed"], 42);
  EXPECT_EQ(run_json("run")["options"]["patience"], 10);
}

TEST_F(TrainingAids, LrFindSuggestsNoRateThatItsCurveDoesNotShow) {
  const auto said = [&](const char* from, const char* to) {
    const BartResult result =
        run_bart(here(), {"lr-find", "faces", "--image-size", "16", "--bs", "8", "--steps", "12", "--from",
                          from, "--to", to, "--out", "curve.svg"});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(file_text(here() / "curve.svg"), Not(HasSubstr(">suggested: ")));
    return result.out;
  };
  for (const auto& [from, to] : {std::pair("1e-9", "1e-8"), {"1e-12", "1e-8"}, {"1e-5", "1e-3"}}) {
    EXPECT_THAT(
        said(from, to),
        HasSubstr("The loss had not clearly risen by the last rate, so no rate is suggested: choose a larger "
                  "--to; the curve is in curve.svg\n"));
  }
}

TEST_F(TrainingAids, LrFindTakesTheFlagsOfTrain) {
  const auto curve = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"lr-find", "faces", "--image-size", "16", "--bs", "8", "--steps", "10", "--to",
                               "1e-4", "--out", "curve.svg"});
    const BartResult result = run_bart(here(), more);
    EXPECT_EQ(result.code, 0) << result.err;
    return file_text(here() / "curve.svg");
  };
  const std::string tuned = curve({"--recipe", "tuned"});
  EXPECT_NE(tuned, curve({}));
  EXPECT_NE(tuned, curve({"--recipe", "tuned", "--label-smoothing", "0"}));
  const BartResult wrong = run_bart(here(), {"lr-find", "faces", "--label-smoothing", "1"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--label-smoothing must be at least 0 and below 1, not 1"));
}

TEST_F(TrainingAids, LrFindSaysWhichSignalStoppedIt) {
  for (const auto& [signal, name] : {std::pair(SIGINT, "Ctrl-C"), {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"}}) {
    RunningBart bart(here(), {"lr-find", "faces", "--image-size", "16", "--from", "1e-9", "--to", "1e-8",
                              "--steps", "1000000"});
    ASSERT_TRUE(waits_for(bart, SIGHUP));
    bart.send(signal);
    const BartResult result = bart.wait();
    EXPECT_EQ(result.code, 128 + signal) << result.err;
    EXPECT_THAT(result.err, AllOf(HasSubstr(std::string("bart: stopped by ") + name),
                                  HasSubstr(" of 1000000 steps were done, and no curve was written\n")));
    EXPECT_FALSE(fs::exists(here() / "lr-find.svg"));
  }
}

TEST_F(TrainingAids, LrFindSuggestsNoRateFromAFewSteps) {
  const BartResult soon = run_bart(
      here(), {"lr-find", "faces", "--image-size", "16", "--bs", "8", "--from", "1e3", "--to", "1e9"});
  EXPECT_EQ(soon.code, 1) << soon.out;
  EXPECT_THAT(soon.err, HasSubstr("too soon to suggest a rate: choose more --steps, or a --from below 1000"));
  EXPECT_FALSE(fs::exists(here() / "lr-find.svg"));
  const BartResult few = run_bart(here(), {"lr-find", "faces", "--steps", "2"});
  EXPECT_EQ(few.code, 2);
  EXPECT_THAT(few.err, HasSubstr("--steps must be at least 10, not 2"));
}

TEST_F(TrainingAids, TakesTheFlagsThatOtherToolsTaught) {
  train("own", {"--epochs", "1", "--lr", "0.01", "--threads", "1"});
  ASSERT_EQ(run_bart(here(), {"train", "faces", "--imgsz", "16", "--batch", "8", "--epochs", "1",
                              "--learning-rate", "0.01", "--threads", "1", "--no-report", "--out", "others"})
                .code,
            0);
  EXPECT_TRUE(model("own") == model("others"));
  ASSERT_EQ(run_bart(here(), {"train", "faces", "--batch-size", "8", "--epochs", "0", "--no-report", "--out",
                              "third"})
                .code,
            0);
  EXPECT_EQ(run_json("third")["options"]["batch_size"], 8);
}

TEST_F(TrainingAids, AZeroThatMeansNoLimitIsSaid) {
  const std::string words = " 0 means no limit";
  EXPECT_THAT(train("zeros", {"--epochs", "1", "--max-steps", "0", "--patience", "0"}).err,
              AllOf(HasSubstr("--max-steps" + words), HasSubstr("--patience" + words)));
  EXPECT_EQ(run_json("zeros")["results"]["status"], "finished");
  EXPECT_THAT(train("none", {"--epochs", "0"}).err, Not(HasSubstr(words)));
  EXPECT_THAT(train("again", {"--config", "zeros/bart-run/run.toml", "--epochs", "0"}).err,
              Not(HasSubstr(words)));
}

TEST_F(TrainingAids, AConfigurationFileOfAFolderWithAnyNameIsReadBack) {
  const std::string name = "a \"b\" \\ c\nd";
  fs::rename(here() / "faces", here() / name);
  ASSERT_EQ(
      run_bart(here(), {"train", name, "--image-size", "16", "--epochs", "0", "--no-report", "--out", "one"})
          .code,
      0);
  const BartResult again =
      run_bart(here(), {"train", "--config", "one/bart-run/run.toml", "--no-report", "--out", "two"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_TRUE(model("one") == model("two"));
}

TEST_F(TrainingAids, AValidationShareThatIsNotPossibleIsNotBlamedOnTheTestShare) {
  const BartResult result =
      run_bart(here(), {"train", "faces", "--image-size", "16", "--validation-size", "0.99", "--out", "run"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("24 pictures are not for testing, and cannot be divided into training "
                                    "and validation: a validation size of 0.99"));
}

/// Each kind of warning, with a command line of a user that causes it.
class TrainingWarnings : public TrainingAids {
 protected:
  void expect_everywhere(const std::vector<std::string>& flags, const std::string& words) {
    std::vector<std::string> command = {"train", "faces", "--image-size", "16", "--out", "run"};
    command.insert(command.end(), flags.begin(), flags.end());
    const BartResult result = run_bart(here(), command);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("WARNING - " + words));
    const auto warnings = run_json("run")["results"]["warnings"].get<std::vector<std::string>>();
    EXPECT_THAT(warnings, testing::Contains(HasSubstr(words)));
    EXPECT_THAT(file_text(here() / "run/bart-run/report.html"), HasSubstr("<li>" + words));
    EXPECT_THAT(file_text(here() / "run/bart-run/model_card.md"), HasSubstr("\n- " + words));
  }
  /// Leaves this many classes with this many pictures each.
  void keep(std::size_t classes, std::size_t pictures) const {
    std::vector<fs::path> folders;
    for (const auto& folder : fs::directory_iterator(here() / "faces")) folders.push_back(folder.path());
    for (std::size_t c = 0; c < folders.size(); ++c) {
      if (c >= classes) fs::remove_all(folders[c]);
      std::vector<fs::path> files;
      if (c < classes)
        for (const auto& file : fs::directory_iterator(folders[c])) files.push_back(file.path());
      for (std::size_t i = pictures; i < files.size(); ++i) fs::remove(files[i]);
    }
  }
};

TEST_F(TrainingWarnings, ABatchLargerThanTheData) {
  expect_everywhere({"--batch-size", "1000", "--epochs", "1"},
                    "The batch size is 1000, but there are 24 pictures to train on");
}

TEST_F(TrainingWarnings, ABatchLargerThanTheDataIsToldByAllThatTrain) {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"lr-find", "faces", "--steps", "10", "--to", "1e-4"},
                                             {"tune", "faces", "--epochs", "1", "--trials", "2"},
                                             {"audit", "faces", "--epochs", "1", "--folds", "2"}}) {
    std::vector<std::string> command = arguments;
    command.insert(command.end(), {"--image-size", "16", "--bs", "1000"});
    const BartResult result = run_bart(here(), command);
    EXPECT_EQ(result.code, 0) << result.err;
    const std::string words = "WARNING - The batch size is 1000, but there are ";
    const std::size_t first = result.err.find(words);
    EXPECT_NE(first, std::string::npos) << result.err;
    EXPECT_EQ(result.err.find(words, first + 1), std::string::npos) << "told twice by " << command.front();
  }
}

TEST_F(TrainingWarnings, OnePictureToTrainOn) {
  keep(2, 1);
  expect_everywhere({"--epochs", "1", "--test-size", "0.5"}, "There is only one picture to train on");
}

TEST_F(TrainingWarnings, ALossThatGrewAThousandfold) {
  expect_everywhere({"--bs", "8", "--epochs", "2", "--lr", "1"}, "The loss grew from ");
}

TEST_F(TrainingWarnings, ALossThatGrewInTheOnlyStep) {
  // Its own loss is that of the weights before it.
  expect_everywhere({"--bs", "1000", "--epochs", "1", "--optimizer", "sgd", "--lr", "100"},
                    "The loss grew from ");
}

TEST_F(TrainingWarnings, NoBetterThanAGuess) {
  expect_everywhere({"--bs", "8", "--epochs", "1", "--lr", "1e-30"}, "No epoch was better than a guess");
}

TEST_F(TrainingWarnings, GrayOfWhichClippingLeavesNothing) {
  std::string deep = "P5 8 8 65535\n";
  for (int i = 0; i < 64; ++i) deep += "\x40\x01";
  const fs::path folder = fs::directory_iterator(here() / "faces")->path();
  for (const char* name : {"x.pgm", "y.pgm"}) write_file(folder / name, std::string_view(deep));
  expect_everywhere(
      {"--epochs", "0"},
      "2 gray pictures with 16 bits or more per pixel are black and white once they are clipped");
}

class SameBits : public TrainingAids {
 protected:
  /// 30 steps. At this size the first linear layer is large enough for the layout that big ones have.
  void thirty_steps(const std::string& out, std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"train", "faces", "--image-size", "48", "--bs", "4", "--no-report",
                                 "--max-steps", "30", "--epochs", "99", "--out", out});
    const BartResult result = run_bart(here(), flags);
    ASSERT_EQ(result.code, 0) << result.err;
  }
};

TEST_F(SameBits, TheSameCommandGivesThemRunAfterRun) {
  thirty_steps("a", {"--threads", "3"});
  thirty_steps("b", {"--threads", "3"});
  EXPECT_TRUE(model("a") == model("b"));
  EXPECT_EQ(file_text(here() / "a/bart-run/steps.csv"), file_text(here() / "b/bart-run/steps.csv"));
}

TEST_F(SameBits, DeterministicGivesThemWithAnyNumberOfThreadsAndProcessors) {
  thirty_steps("1", {"--deterministic", "--threads", "1"});
  for (const char* threads : {"2", "3", "4"}) {
    thirty_steps(threads, {"--deterministic", "--threads", threads});
    EXPECT_TRUE(model(threads) == model("1")) << threads << " threads";
  }
  ASSERT_NO_FATAL_FAILURE(test::on_one_processor([&] { thirty_steps("one", {"--deterministic"}); }));
  EXPECT_TRUE(model("one") == model("1")) << "on one processor";
}

}  // namespace
}  // namespace bart
