#include "bart/report/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "bart/platform/error.h"

namespace bart {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

NamedRun run_with(double accuracy, const std::function<void(RunSettings&)>& change = {}) {
  NamedRun named{"run", {RunFolder(""), {}, {}}};
  RunRecord& record = named.run.record;
  record.classes = {"a", "b"};
  record.pictures = 100;
  record.train_pictures = 80;
  record.test_pictures = 20;
  record.steps = 10;
  if (change) change(record.settings);
  record.epochs = {{.epoch = 1,
                    .loss = 1 / accuracy,
                    .validation_accuracy = accuracy,
                    .validation_macro_f1 = accuracy / 100,
                    .validation_loss = 2 / accuracy,
                    .images_per_second = 0}};
  return named;
}

/// The rows with figures in which a run is marked as the best.
std::vector<std::string> marked(const Comparison& comparison) {
  std::vector<std::string> names;
  for (const ComparisonRow& row : comparison.figures) {
    if (std::ranges::find(row.best, true) != row.best.end()) names.push_back(row.name);
  }
  return names;
}

Comparison with_change(const std::function<void(RunSettings&)>& change) {
  return compare({run_with(70), run_with(80, change)});
}

const auto all_figures = UnorderedElementsAre("Validation accuracy, last", "Validation accuracy, best",
                                              "Macro F1, last", "Macro F1, best", "Validation loss, last",
                                              "Validation loss, best", "Training loss, last");

TEST(Comparison, MarksTheBestOfRunsThatWereMeasuredAlike) {
  const Comparison comparison = with_change([](RunSettings& s) { s.learning_rate = 0.1; });
  EXPECT_THAT(marked(comparison), all_figures);
  EXPECT_THAT(comparison.notes, SizeIs(1));  // of the validation on the test pictures
}

TEST(Comparison, MarksNoBestAmongRunsWithOtherTestPictures) {
  const std::function<void(RunSettings&)> changes[] = {
      [](RunSettings& s) { s.seed = 11; },
      [](RunSettings& s) { s.split_seed = 11; },
      [](RunSettings& s) { s.test_size = 0.3; },
      [](RunSettings& s) { s.split = "grouped"; },
      [](RunSettings& s) { s.test_folder = "/elsewhere"; },
      [](RunSettings& s) { s.validation_folder = "/elsewhere"; },
  };
  for (const auto& change : changes) {
    const Comparison comparison = with_change(change);
    EXPECT_THAT(marked(comparison), IsEmpty());
    EXPECT_THAT(comparison.notes, SizeIs(2));
  }
}

TEST(Comparison, TrainingsWithSeveralSeedsAndOneSplitAreCompared) {
  EXPECT_THAT(marked(compare({run_with(70, [](RunSettings& s) { s.split_seed = s.seed; }),
                              run_with(80,
                                       [](RunSettings& s) {
                                         s.split_seed = s.seed;
                                         s.seed = 11;
                                       })})),
              all_figures);
}

TEST(Comparison, TrainingLossesThatMeasureDifferentThingsAreNotCompared) {
  const std::function<void(RunSettings&)> changes[] = {
      [](RunSettings& s) { s.class_weights = "balanced"; },
      [](RunSettings& s) { s.label_smoothing = 0.1; },
      [](RunSettings& s) { s.logit_adjustment = 0.5; },
      [](RunSettings& s) { s.augment = "mirror=0.5"; },
      [](RunSettings& s) { s.mild_epochs = 1; },
  };
  for (const auto& change : changes) {
    EXPECT_THAT(
        marked(with_change(change)),
        UnorderedElementsAre("Validation accuracy, last", "Validation accuracy, best", "Macro F1, last",
                             "Macro F1, best", "Validation loss, last", "Validation loss, best"));
  }
}

}  // namespace
}  // namespace bart
