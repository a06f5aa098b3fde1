// The plan of successive halving, and searches on drawn faces that are stopped and go on.
#include "bart/tune/tune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include <nlohmann/json.hpp>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/tune/tune_text.h"
#include "candidate.h"
#include "halving.h"
#include "run_fixture.h"

namespace bart {
namespace {

TEST(Halving, TrainsHalfAsManyForTwiceAsLong) {
  EXPECT_EQ(epochs_of_rungs(25), (std::vector<int>{3, 6, 12, 25}));
  EXPECT_EQ(epochs_of_rungs(2), (std::vector<int>{1, 2}));
  EXPECT_EQ(halving(5, {3, 6, 12}), (std::vector<Rung>{{3, 5}, {6, 3}, {12, 2}}));
}

TEST(Halving, FillsTheTimeAndLeavesRoundsOutWhereItIsShort) {
  const auto even = [](std::size_t) { return 1.0; };
  // 4 candidates: 4 * 1 + 2 * 2 + 1 * 4 = 12 s; 5 candidates: 5 + 6 + 8 = 19 s.
  EXPECT_EQ(halving_within(18, 1, {1, 2, 4}, even), halving(4, {1, 2, 4}));
  EXPECT_EQ(halving_within(19, 1, {1, 2, 4}, even), halving(5, {1, 2, 4}));
  EXPECT_EQ(halving_within(4, 1, {1, 2, 4}, even), halving(2, {1, 2}));
  EXPECT_TRUE(halving_within(1, 1, {1, 2, 4}, even).empty());
}

TEST(Candidates, AreTheRecipeFirstAndKeepWhatIsGiven) {
  TuneOptions options;
  const RunSettings recipe = recipe_settings("tuned", 25);
  EXPECT_EQ(candidate(options, 0, 25).settings, recipe);
  for (std::size_t n = 1; n < 20; ++n) {
    const RunSettings settings = candidate(options, n, 25).settings;
    check(settings);
    EXPECT_EQ(settings, candidate(options, n, 25).settings);
    EXPECT_NE(settings.learning_rate, candidate(options, n + 1, 25).settings.learning_rate);
  }
  options.kept = {"lr"};
  options.given.learning_rate = 0.01;
  EXPECT_EQ(candidate(options, 7, 25).settings.learning_rate, 0.01);
}

class TuneTest : public RunTest {
 protected:
  TuneOptions options(const char* out) const {
    TuneOptions options;
    options.out = scratch_.path() / out;
    options.candidates = 3;
    options.epochs = 2;
    options.given.image_size = 16;
    options.given.batch_size = 8;
    options.given.threads = 1;
    options.kept = {"image-size", "bs", "threads"};
    return options;
  }
  /// Everything but the times.
  static std::vector<std::string> figures_of(const TuneResult& result) {
    std::vector<std::string> figures;
    for (const Trial& trial : result.trials) {
      figures.push_back(std::to_string(trial.candidate) + " " + std::to_string(trial.epochs) + " " +
                        std::to_string(static_cast<int>(trial.state)) + " " + std::to_string(trial.accuracy) +
                        " " + std::to_string(trial.macro_f1) + " " +
                        std::to_string(trial.test_accuracy.value_or(-1)));
    }
    return figures;
  }
};

TEST_F(TuneTest, AStoppedSearchGoesOnToTheSameTable) {
  const TuneResult whole = tune(faces(), options("whole"));
  EXPECT_TRUE(whole.complete);
  ASSERT_EQ(whole.trials.size(), 5u);  // 3 of one epoch, 2 of two
  // Every call is stopped after one or two steps, the question before a training being one of three.
  TuneResult parts;
  int calls = 0;
  do {
    int steps = 0;
    TuneObserver observer;
    observer.goes_on = [&] { return ++steps < 3; };
    parts = tune(faces(), options("parts"), observer);
    ASSERT_LT(++calls, 60);
  } while (!parts.complete);
  EXPECT_GT(calls, 3);
  EXPECT_EQ(figures_of(parts), figures_of(whole));
  EXPECT_EQ(parts.best(), whole.best());
  EXPECT_EQ(best_command(parts), best_command(whole));
  // A call after the end trains nothing.
  TuneObserver nothing;
  nothing.begins = [](const TuneResult&, const Trial&) { FAIL(); };
  EXPECT_EQ(figures_of(tune(faces(), options("whole"), nothing)), figures_of(whole));
}

TEST_F(TuneTest, KeepsTheModelOfTheBestTrainingAndTheRecordsOfAll) {
  const TuneResult result = tune(faces(), options("kept"));
  ASSERT_TRUE(result.best());
  for (std::size_t i = 0; i < result.trials.size(); ++i) {
    const RunFolder run(result.trial_folder(result.trials[i]));
    EXPECT_TRUE(fs::exists(run.run_json()));
    EXPECT_EQ(fs::exists(run.model()), i == *result.best());
  }
  EXPECT_THAT(best_command(result), testing::HasSubstr("--recipe tuned --epochs 2"));
}

TEST(TuneTable, IsFoldedWhereTheTerminalIsNarrow) {
  TuneResult result;
  for (std::size_t n = 0; n < 3; ++n) result.candidates.push_back(candidate(result.options, n, 25));
  result.rungs = halving(3, {12, 25});
  result.trials = {{.candidate = 0, .rung = 0, .epochs = 12, .state = Trial::State::finished, .seconds = 61},
                   {.candidate = 1, .rung = 0, .epochs = 12, .state = Trial::State::diverged, .seconds = 7},
                   {.candidate = 2, .rung = 0, .epochs = 12, .seconds = 7}};
  const std::string whole = tune_table(result);
  EXPECT_EQ(tune_table(result, 200), whole);
  for (const std::size_t columns : {50, 60, 79}) {
    const std::string table = tune_table(result, columns);
    std::istringstream lines(table);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), columns) << table;
    for (const auto& [flag, text] : result.candidates[1].shown)
      EXPECT_THAT(table, testing::HasSubstr(" " + text));
    EXPECT_THAT(table, testing::HasSubstr("diverged"));
    EXPECT_THAT(table, testing::HasSubstr("not finished"));
  }
}

TEST_F(TuneTest, KeepsNoShareWhereTheDataHasValidationPictures) {
  const fs::path data = scratch_.path() / "split";
  for (const char* part : {"train", "val", "test"}) write_sample(data / part, {.classes = 2, .per_class = 4});
  const TuneResult result = tune(data, options("own"));
  EXPECT_TRUE(result.complete);
  const RunRecord record = read_run_record(RunFolder(result.trial_folder(result.trials[0])));
  EXPECT_EQ(record.train_pictures, 8u);
  EXPECT_EQ(record.settings.validation_size, 0);
  TuneOptions refused = options("refused");
  refused.given.test_size = 0.5;
  refused.kept.insert("test-size");
  EXPECT_THROW(tune(data, refused), SettingError);
  EXPECT_FALSE(fs::exists(scratch_.path() / "refused"));
}

TEST_F(TuneTest, RefusesAFolderWithAnotherSearchOrWithSomethingElse) {
  tune(faces(), options("one"));
  TuneOptions other = options("one");
  other.given.image_size = 32;
  try {
    tune(faces(), other);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("holds another search: its image-size is 16, and here it is 32"));
  }
  for (const char* foreign : {"{", "[]", "{\"version\":1}", ""}) {
    write_file(scratch_.path() / "one/tune.json", foreign);
    EXPECT_THROW(tune(faces(), options("one")), Error) << foreign;
  }
}

TEST_F(TuneTest, RefusesFiguresThatNoSearchHas) {
  tune(faces(), options("one"));
  const fs::path file = scratch_.path() / "one/tune.json";
  const auto good = nlohmann::json::parse(read_file(file));
  const auto number = [](const char* text) { return nlohmann::json::parse(text); };
  for (const auto& [place, value] : std::vector<std::pair<const char*, nlohmann::json>>{
           {"/trials/0/candidate", -1},
           {"/trials/0/candidate", number("1e30")},
           {"/trials/1/candidate", 0},  // twice the same training
           {"/trials/0/seconds", number("1e300")},
           {"/trials/0/validation_accuracy_percent", number("1e300")},
           {"/trials/0/validation_macro_f1", 2},
           {"/trials/0/test_accuracy_percent", -1},
           {"/seconds", number("1e300")},
           {"/rungs/0/trials", 4096},
           {"/rungs/0/epochs", 7},
           {"/rungs/1/trials", 3},
           {"/rungs", std::vector<nlohmann::json>(1000, good["rungs"][0])}}) {
    auto bad = good;
    bad[nlohmann::json::json_pointer(place)] = value;
    write_file(file, bad.dump());
    EXPECT_THAT([&] { tune(faces(), options("one")); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("is not what bart tune writes")))
        << place << " " << value;
  }
}

TEST_F(TuneTest, AWishToStopThatComesAtTheEndOfATrainingIsHeard) {
  bool stop = false;
  int ended = 0;
  TuneObserver observer;
  observer.goes_on = [&] { return !stop; };
  observer.ended = [&](const TuneResult&, const Trial&) {
    ++ended;
    stop = true;
  };
  const TuneResult result = tune(faces(), options("stopped"), observer);
  EXPECT_EQ(ended, 1);
  EXPECT_TRUE(result.interrupted);
  EXPECT_FALSE(result.complete);
}

TEST(TuneTable, OfASearchThatHasNotBegunIsEmptyAndOneThatDoesNotFitIsRefused) {
  TuneResult result;
  EXPECT_THAT(tune_table(result), testing::HasSubstr("val %"));
  EXPECT_THAT(tune_page(result), testing::HasSubstr("</html>"));
  result.trials = {{.candidate = 1, .epochs = 1}};
  EXPECT_THROW(tune_table(result), Error);
  EXPECT_THROW(tune_page(result), Error);
  EXPECT_THROW(tried_text(result, result.trials[0]), Error);
  result.candidates = {{{{"lr", "1"}}, {}}, {{}, {}}};  // the second tries nothing
  EXPECT_THROW(tune_table(result), Error);
}

}  // namespace
}  // namespace bart
