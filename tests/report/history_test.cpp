#include "bart/report/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/record/epoch_figures.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string text_of(const fs::path& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

std::vector<fs::path> event_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with("events.out.tfevents.")) files.push_back(entry.path());
  }
  return files;
}

const EpochRecord first{.epoch = 1,
                        .loss = 1.0 / 3,
                        .train_accuracy = 51.25,
                        .validation_accuracy = 49.5,
                        .validation_macro_f1 = 0.4375,
                        .validation_loss = 1.75,
                        .train_seconds = 2.5,
                        .validation_seconds = 0.5};

TEST(History, FilesAreThereBeforeTheFirstEpochAndGrowWithEach) {
  const test::ScratchFolder scratch;
  RunHistory history(RunFolder("", scratch.path()));
  EXPECT_EQ(nlohmann::json::parse(text_of(scratch.path() / "history.json")).size(), 0u);
  history.step({1, 1, 2.5f});
  history.epoch(first);
  EXPECT_EQ(nlohmann::json::parse(text_of(scratch.path() / "history.json")).size(), 1u);
  EXPECT_EQ(text_of(scratch.path() / "history.csv"), history_csv(std::vector{first}));

  const std::vector<fs::path> files = event_files(scratch.path());
  ASSERT_EQ(files.size(), 1u);
  const std::string events = text_of(files[0]);
  for (const char* tag :
       {"brain.Event:2", "loss/step", "loss/train", "loss/validation", "accuracy/train",
        "accuracy/validation", "macro_f1/validation", "learning_rate", "images_per_second", "gradient_norm"})
    EXPECT_THAT(events, HasSubstr(tag));
}

TEST(History, SettingsMatrixAndMistakesAreThereForTensorBoard) {
  const test::ScratchFolder scratch;
  const RunHistory history(RunFolder("", scratch.path()));
  RunRecord run;
  run.settings.label_smoothing = 0.125;
  history.begin(run);
  LoadedPictures pictures;
  pictures.classes = {"cat", "dog"};
  pictures.image_size = 16;
  const Predictions all_correct{2, {0, 1}, {1, 0, 0, 1}};
  const std::vector<std::uint32_t> indices = {0, 1};
  history.validated(1, all_correct, pictures, indices);
  const std::string events = text_of(event_files(scratch.path()).at(0));
  for (const char* part : {"settings/text_summary", "| Label smoothing | 0.125 |", "_hparams_/experiment",
                           "_hparams_/session_start_info", "label_smoothing", "confusion_matrix", "\x89PNG"})
    EXPECT_THAT(events, HasSubstr(part));
  EXPECT_THAT(events, testing::Not(HasSubstr("mistakes")));  // there are none
  // Mistakes are shown: of pictures that are not there, they are refused.
  const Predictions all_wrong{2, {1, 0}, {1, 0, 0, 1}};
  EXPECT_THROW(history.validated(1, all_wrong, pictures, indices), Error);
  EXPECT_THROW(history.validated(1, all_wrong, pictures, {}), Error);
}

TEST(History, ANewTrainingRemovesTheCurvesOfTheOldOneAndOneGoneOnWithKeepsThem) {
  const test::ScratchFolder scratch;
  scratch.write("events.out.tfevents.1700000000.elsewhere.1.0");
  const std::vector<EpochRecord> earlier = {first};
  const RunHistory resumed(RunFolder("", scratch.path()), &earlier);
  EXPECT_EQ(event_files(scratch.path()).size(), 2u);
  EXPECT_EQ(nlohmann::json::parse(text_of(scratch.path() / "history.json")).size(), 1u);
  // A training that was stopped in its first epoch has curves of steps, but no epoch yet.
  const std::vector<EpochRecord> none;
  const RunHistory within_the_first_epoch(RunFolder("", scratch.path()), &none);
  EXPECT_TRUE(fs::exists(scratch.path() / "events.out.tfevents.1700000000.elsewhere.1.0"));
  const RunHistory anew(RunFolder("", scratch.path()));
  EXPECT_EQ(event_files(scratch.path()).size(), 1u);
}

}  // namespace
}  // namespace bart
