// bart train --recipe tuned, from its flags to its files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bart/html/html.h"
#include "bart/platform/files.h"
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Recipe : public DrawnFaces {
 protected:
  Recipe() : DrawnFaces(3, 12) {}
  /// Eight steps per epoch, so that the average is updated after two epochs.
  BartResult train(std::vector<std::string> more) const {
    more.insert(more.begin(), {"--bs", "4", "--threads", "1"});
    return train_faces(more);
  }
};

TEST_F(Recipe, TunedIsSettingsThatCanBeChanged) {
  const BartResult result = train({"--recipe", "tuned", "--epochs", "3", "--mild-epochs", "1", "--dropout",
                                   "0,0,0,0,0.5,0.5", "--out", "run"});
  ASSERT_EQ(result.code, 0) << result.err;
  const auto run = nlohmann::json::parse(file_text(here() / "run/bart-run/run.json"));
  EXPECT_EQ(run["options"]["optimizer"], "adamw");
  EXPECT_EQ(run["options"]["dropout"], "0,0,0,0,0.5,0.5") << "the flag overrides the recipe";
  EXPECT_EQ(run["options"]["epochs"], 3);
  EXPECT_THAT(file_text(here() / "run/bart-run/run.toml"),
              AllOf(HasSubstr("augment = \"mirror=0.5,window=0.75..1.15"), HasSubstr("average = 0.999")));
  EXPECT_THAT(file_text(here() / "run/bart-run/report.html"),
              AllOf(HasSubstr("Augmentation"), HasSubstr("AdamW"),
                    HasSubstr("<a href=\"#augmentation\">What the network saw</a>")));
  // The report shows what the network saw; a later training without augmentation does not keep that.
  const std::string sheet =
      "data:image/jpeg;base64," + base64(read_file(here() / "run/bart-run/augmented.jpg"));
  EXPECT_THAT(file_text(here() / "run/bart-run/report.html"), HasSubstr(sheet));
  // The weights of the last step are there too, and differ.
  EXPECT_FALSE(read_file(here() / "run/BART-10M.pth") == read_file(here() / "run/BART-10M.last.pth"));
  // The record of the settings gives the same without --recipe.
  ASSERT_EQ(run_bart(here(), {"train", "--config", "run/bart-run/run.toml", "--out", "again"}).code, 0);
  EXPECT_TRUE(read_file(here() / "run/BART-10M.pth") == read_file(here() / "again/BART-10M.pth"));
  ASSERT_EQ(train({"--epochs", "1", "--out", "again"}).code, 0);
  EXPECT_FALSE(fs::exists(here() / "again/bart-run/augmented.jpg"));
  EXPECT_TRUE(fs::exists(here() / "again/bart-run/earlier/augmented.jpg"));
  EXPECT_THAT(file_text(here() / "again/bart-run/report.html"), Not(HasSubstr("What the network saw")));
}

TEST_F(Recipe, AnAugmentationThatChangesNothingIsNone) {
  ASSERT_EQ(train({"--epochs", "1", "--out", "none"}).code, 0);
  const BartResult result = train({"--epochs", "1", "--augment", "mirror=0", "--out", "nothing"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(read_file(here() / "none/BART-10M.pth") == read_file(here() / "nothing/BART-10M.pth"));
  EXPECT_FALSE(fs::exists(here() / "nothing/bart-run/augmented.jpg"));
}

TEST_F(Recipe, TunedGoesOnToTheSameBytes) {
  const std::vector<std::string> flags = {"--recipe",      "tuned", "--epochs",   "3",
                                          "--mild-epochs", "1",     "--no-report"};
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> all = flags;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  ASSERT_EQ(train(with({"--out", "whole"})).code, 0);
  // It stops after the first update of the average, in the middle of an epoch.
  ASSERT_EQ(train(with({"--out", "parts", "--max-steps", "19", "--checkpoint-minutes", "0"})).code, 0);
  EXPECT_EQ(run_bart(here(), {"train", "--resume", "--out", "parts", "--epochs", "5"}).code, 2)
      << "another number of epochs has other learning rates";
  const BartResult resumed =
      run_bart(here(), {"train", "--resume", "--out", "parts", "--max-steps", "0", "--no-report"});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  for (const char* file : {"BART-10M.pth", "BART-10M.last.pth"}) {
    EXPECT_TRUE(read_file(here() / "whole" / file) == read_file(here() / "parts" / file)) << file;
  }
}

TEST_F(Recipe, AGivenSettingThatExcludesOneOfTheRecipeTakesItsPlace) {
  const auto options = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"--recipe", "tuned", "--max-steps", "1", "--no-report"});
    const BartResult result = train(flags);
    EXPECT_EQ(result.code, 0) << result.err;
    return nlohmann::json::parse(file_text(here() / "bart-run/run.json"))["options"];
  };
  EXPECT_EQ(options({"--schedule", "one-cycle"})["warm_up"], 0);
  EXPECT_EQ(options({"--optimizer", "adam"})["weight_decay"], 0);
}

TEST_F(Recipe, AWarmUpOfNearlyTheWholeTrainingEndsBeforeTheLastStep) {
  const BartResult result = train({"--warm-up", "1.99", "--epochs", "2", "--no-report"});
  EXPECT_EQ(result.code, 0) << result.err;
}

TEST_F(Recipe, ATrainingOfAnotherRecipeIsNotGoneOnWith) {
  const auto loop = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"--resume", "auto", "--epochs", "2", "--no-report"});
    return train(more);
  };
  ASSERT_EQ(loop({"--max-steps", "2"}).code, 0);
  const BartResult other = loop({"--recipe", "tuned"});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, AllOf(HasSubstr("but the training to continue began with"),
                               HasSubstr("leave --recipe or the flag out")));
  EXPECT_EQ(loop({"--recipe", "original", "--max-steps", "3"}).code, 0);
  EXPECT_EQ(loop({"--max-steps", "4"}).code, 0);

  // The same command goes on, whatever it changes of the recipe.
  const std::vector<std::string> tuned = {"--recipe", "tuned",     "--mild-epochs",
                                          "1",        "--dropout", "0,0,0,0,0.5,0.5",
                                          "--out",    "tuned",     "--max-steps"};
  for (const char* steps : {"2", "4"}) {
    std::vector<std::string> more = tuned;
    more.push_back(steps);
    const BartResult result = loop(more);
    EXPECT_EQ(result.code, 0) << result.err;
  }
  EXPECT_EQ(loop({"--recipe", "original", "--out", "tuned"}).code, 2);
}

TEST_F(Recipe, ImpossibleSettingsAreRefusedBeforeAPictureIsRead) {
  const std::pair<std::vector<std::string>, const char*> wrong[] = {
      {{"--schedule", "linear"}, "--schedule"},
      {{"--warm-up", "20", "--epochs", "20"}, "--warm-up must be shorter than the training, not 20"},
      {{"--weight-decay", "0.1"}, "--weight-decay must be 0 with the optimizer adam: use adamw, not 0.1"},
      {{"--label-smoothing", "1"}, "--label-smoothing must be at least 0 and below 1, not 1"},
      {{"--augment", "mirror=1.5"},
       "--augment must be none or valid figures (an augmentation's probability of a mirror image"},
      {{"--augment", "window=0.9..2.5"}, "window must lie within 0.1 to 2, not 0.9 to 2.5"},
      {{"--dropout", "0.5"}, "--dropout must be six numbers"},
      {{"--lr", "1000"}, "--lr must be at most 1 with the optimizer adam, not 1000"},
      {{"--recipe", "tuned", "--schedule", "one-cycle", "--warm-up", "1"}, "--warm-up must be 0"},
      {{"--recipe", "tuned", "--optimizer", "adam", "--weight-decay", "0.1"}, "--weight-decay must be 0"},
      {{"--recipe", "best"}, "--recipe"},
      {{"--resume", "--recipe", "tuned"}, "--recipe is for a new training"}};
  for (const auto& [flags, why] : wrong) {
    std::vector<std::string> arguments{"train", "nowhere"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const BartResult result = run_bart(here(), arguments);
    EXPECT_EQ(result.code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(why));
  }
}

TEST_F(Recipe, TheFlagsOfARecipeArePrinted) {
  const BartResult tuned = run_bart(here(), {"recipe", "tuned"});
  EXPECT_EQ(tuned.code, 0);
  EXPECT_THAT(tuned.out,
              AllOf(HasSubstr("--schedule cosine"), HasSubstr("--average 0.999"), Not(HasSubstr("--bs"))));
  // The first line can be pasted after bart train.
  std::vector<std::string> pasted = {"--out", "pasted", "--max-steps", "1", "--no-report"};
  std::istringstream words(tuned.out.substr(0, tuned.out.find('\n')));
  for (std::string word; words >> word;) pasted.push_back(word);
  ASSERT_EQ(train(pasted).code, 0);
  ASSERT_EQ(train({"--out", "named", "--max-steps", "1", "--no-report", "--recipe", "tuned"}).code, 0);
  const auto options = [&](const char* out) {
    return nlohmann::json::parse(file_text(here() / out / "bart-run/run.json"))["options"];
  };
  EXPECT_EQ(options("pasted"), options("named"));
  const std::string help = run_bart(here(), {"train", "--recipe", "tuned", "--help"}).out;
  EXPECT_THAT(help, AllOf(HasSubstr("0.002"), HasSubstr("mirror=0.5,window=0.75..1.15")));
  EXPECT_THAT(run_bart(here(), {"train", "--help"}).out,
              AllOf(Not(HasSubstr("0.002")), Not(HasSubstr("mirror=0.5"))));
  EXPECT_THAT(run_bart(here(), {"recipe", "original"}).out,
              AllOf(HasSubstr("--bs 32"), HasSubstr("--augment none")));
}

TEST_F(Recipe, InspectShowsWhatTheNetworkWillSee) {
  const BartResult result = run_bart(here(), {"inspect", "faces", "--augmented", "page.html"});
  ASSERT_EQ(result.code, 0) << result.err;
  const std::string page = file_text(here() / "page.html");
  EXPECT_THAT(page, AllOf(HasSubstr("mirror=0.5,window=0.75..1.15"), HasSubstr("data:image/jpeg;base64,")));
  EXPECT_EQ(run_bart(here(), {"inspect", "faces", "--augment", "flip=1"}).code, 2);
}

TEST_F(Recipe, MirrorImagesAreJudgedTogether) {
  ASSERT_EQ(train({"--epochs", "1", "--no-report"}).code, 0);
  const BartResult plain = run_bart(here(), {"evaluate", "--json"});
  const BartResult both = run_bart(here(), {"evaluate", "--json", "--tta", "flip"});
  ASSERT_EQ(both.code, 0) << both.err;
  EXPECT_NE(plain.out, both.out);
  EXPECT_EQ(nlohmann::json::parse(plain.out)["tta"], "none");
  EXPECT_EQ(nlohmann::json::parse(both.out)["tta"], "flip");
  EXPECT_THAT(run_bart(here(), {"evaluate", "--tta", "flip"}).out,
              HasSubstr("each judged together with its mirror image"));
  ASSERT_EQ(run_bart(here(), {"predict", "--tta", "flip", "--top-k", "2"}).code, 0);
  EXPECT_EQ(run_bart(here(), {"predict", "--tta", "rotate"}).code, 2);
}

}  // namespace
}  // namespace bart
