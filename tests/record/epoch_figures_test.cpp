#include "bart/record/epoch_figures.h"
#include "bart/platform/error.h"
#include "bart/record/run_settings.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace bart {
namespace {

const EpochRecord first{.epoch = 1,
                        .loss = 1.0 / 3,
                        .train_accuracy = 51.25,
                        .validation_accuracy = 49.5,
                        .validation_macro_f1 = 0.4375,
                        .validation_loss = 1.75,
                        .train_seconds = 2.5,
                        .validation_seconds = 0.5,
                        .learning_rate = 0.001,
                        .images_per_second = 200,
                        .gradient_norm = 3.25};

TEST(History, CsvAndJsonHoldEveryFigureOfEveryEpochToTheLastBit) {
  const std::vector<EpochRecord> epochs = {first};
  std::istringstream lines(history_csv(epochs));
  std::string heading, line;
  std::getline(lines, heading);
  std::getline(lines, line);
  EXPECT_EQ(
      heading,
      "epoch,loss,train_accuracy_percent,validation_accuracy_percent,validation_macro_f1,validation_loss,"
      "learning_rate,images_per_second,train_seconds,validation_seconds,gradient_norm");
  EXPECT_EQ(line, "1,0.3333333333333333,51.25,49.5,0.4375,1.75,0.001,200,2.5,0.5,3.25");

  const auto json = nlohmann::json::parse(history_json(epochs));
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["epoch"], 1);
  EXPECT_EQ(json[0]["loss"].get<double>(), 1.0 / 3);
  EXPECT_EQ(json[0]["images_per_second"], 200);
}

TEST(EpochFigures, TheBestIsTheFirstOfEquals) {
  const std::vector<EpochRecord> epochs = {{.epoch = 1, .validation_accuracy = 50, .validation_loss = 2},
                                           {.epoch = 2, .validation_accuracy = 70, .validation_loss = 1},
                                           {.epoch = 3, .validation_accuracy = 70, .validation_loss = 1}};
  EXPECT_EQ(best_epoch_by(epoch_figure("validation_accuracy_percent"), epochs)->epoch, 2);
  EXPECT_EQ(best_epoch_by(epoch_figure("validation_loss"), epochs)->epoch, 2);
  EXPECT_EQ(best_epoch_by(epoch_figure("validation_loss"), {}), nullptr);
  EXPECT_EQ(figure_text(epoch_figure("validation_accuracy_percent"), 78.586), "78.59 %");
}

TEST(EpochFigures, AnUnknownNameIsAnError) {
  EXPECT_THROW(epoch_figure("speed"), Error);
  EXPECT_THROW(run_setting("speed"), Error);
  EXPECT_THROW(recipe_settings("best"), Error);
}

}  // namespace
}  // namespace bart
