// The table of a training and the time left, at several widths of a terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "bart/platform/printable.h"
#include "training_bar.h"
#include "training_table.h"
#include "wrapped.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t widest(const std::string& text) {
  std::istringstream lines(text);
  std::size_t most = 0;
  for (std::string line; std::getline(lines, line);) most = std::max(most, columns_of(line));
  return most;
}

EpochRecord epoch() {
  return {.epoch = 125,
          .loss = 2.34567,
          .train_accuracy = 100,
          .validation_accuracy = 100,
          .validation_macro_f1 = 0.98765,
          .validation_loss = 12.3456,
          .train_seconds = 3600,
          .validation_seconds = 61,
          .learning_rate = 0.0000123,
          .images_per_second = 15123.4,
          .gradient_norm = 1};
}

TEST(TrainingTable, FitsIntoEveryTerminalFromFiftyColumnsUp) {
  for (const std::size_t columns : {50u, 63u, 64u, 80u, 90u, 120u}) {
    const std::string row = table_row(epoch(), 125, true, columns);
    EXPECT_LE(columns_of(row), columns);
    EXPECT_EQ(columns_of(table_head(columns)) + 2, columns_of(row))
        << "the headings stand over their columns";
    EXPECT_THAT(
        row, testing::AllOf(HasSubstr("125/125"), HasSubstr("2.346"), HasSubstr("1.2e-05"), HasSubstr(" *")));
    EXPECT_EQ(row.find("15123") != row.npos, columns >= 64);
  }
  EXPECT_THAT(table_row(epoch(), 125, false, 0), HasSubstr("15123"));  // not a terminal: everything
  EpochRecord without = epoch();
  without.validation_accuracy = without.validation_macro_f1 = without.validation_loss = NAN;
  EXPECT_THAT(table_row(without, 125, false, 80), Not(HasSubstr("nan")));
}

TEST(TrainingTable, TheHeaderSaysWhatDiffersFromTheDefaults) {
  RunRecord record;
  record.data_folder = "/data/faces";
  record.pictures = 2072;
  record.classes.resize(42);
  record.train_pictures = 1657;
  record.test_pictures = 415;
  record.threads = 2;
  EXPECT_THAT(training_header(record, 0),
              testing::AllOf(HasSubstr("faces: 2,072 pictures in 42 classes"),
                             HasSubstr("415 to test on, and to validate on after each epoch"),
                             HasSubstr("Settings other than the defaults: none")));
  record.settings = recipe_settings("tuned");
  record.validation_pictures = 100;
  const std::string header = training_header(record, 50);
  EXPECT_LE(widest(header), 50u);
  EXPECT_THAT(header, testing::AllOf(HasSubstr("100 to validate on"), HasSubstr("lr 0.002"),
                                     HasSubstr("erase=0.25")));
}

TEST(TrainingTable, TextIsWrappedAtSpacesOrCommas) {
  EXPECT_EQ(wrapped("one two three", 8), "one two\n  three");
  EXPECT_EQ(wrapped("a,b,c,d,e,f", 6, 1), "a,b,c,\n d,e,f");
  EXPECT_EQ(wrapped("unbreakable", 5), "unbreakable");
  EXPECT_EQ(wrapped("one two", 0), "one two");
}

TEST(TrainingBar, LeavesOutWhatHasNoRoom) {
  const std::string wide = bar_text("Epoch 3/25", 0.5, 272, "loss 2.345", 80);
  EXPECT_THAT(wide, testing::AllOf(HasSubstr("Epoch 3/25 █"), HasSubstr("50 %, 4:32 left, loss 2.345")));
  for (const std::size_t columns : {20u, 30u, 49u, 80u, 200u}) {
    EXPECT_LE(columns_of(bar_text("Validating 25/25", 0.999, 3661, "loss 2.345", columns)), columns);
  }
  EXPECT_THAT(bar_text("Epoch 3/25", 0.5, 272, "loss 2.345", 49), HasSubstr("4:32 left"));
  EXPECT_THAT(bar_text("Epoch 1/25", 0, std::nullopt, "", 60), Not(HasSubstr("left")));
}

TEST(TimeLeft, IsThatOfTheWholeTrainingThroughItsValidations) {
  TimeLeft left({.train = 2000, .validation = 400}, {}, 0);
  EXPECT_FALSE(left.seconds());
  left.trained(500, 50);  // 0.1 s each; a validation is taken for a third of that
  EXPECT_NEAR(*left.seconds(), 1500 * 0.1 + 400 * 0.1 / 3, 1e-9);
  left.trained(1000, 100);
  left.validated(100, 105);  // 0.05 s each
  EXPECT_NEAR(*left.seconds(), 1000 * 0.1 + 300 * 0.05, 1e-9);
  EXPECT_NEAR(left.share(), 105 / 220.0, 1e-9);
  left.validated(200, 110);
  EXPECT_NEAR(*left.seconds(), 1000 * 0.1 + 200 * 0.05, 1e-9);
  left.trained(2000, 210);
  left.validated(400, 220);
  EXPECT_NEAR(*left.seconds(), 0, 1e-9);
  EXPECT_NEAR(left.share(), 1, 1e-9);
}

TEST(TimeLeft, OfAResumedTrainingIsMeasuredAnew) {
  TimeLeft left({.train = 2000, .validation = 0}, {.train = 1500, .validation = 0}, 7);
  EXPECT_NEAR(left.share(), 0.75, 1e-9);
  left.trained(1600, 17);
  EXPECT_NEAR(*left.seconds(), 40, 1e-9);
}

}  // namespace
}  // namespace bart
