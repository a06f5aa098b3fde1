#include "bart/checkpoint/checkpoint_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "bart/platform/error.h"
#include "scratch_folder.h"
#include "small_checkpoint.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class CheckpointFolder : public testing::Test {
 protected:
  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_)) found.insert(entry.path().filename().string());
    return found;
  }
  void save(std::int64_t steps) { save_checkpoint(folder_, test::small_checkpoint(steps)); }

  const test::ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path();
};

TEST_F(CheckpointFolder, KeepsTheLastTwo) {
  for (const std::int64_t steps : {9, 10, 11, 100}) save(steps);
  EXPECT_THAT(names(), ElementsAre("checkpoint-100.safetensors", "checkpoint-11.safetensors"));
  const FoundCheckpoint found = newest_checkpoint(folder_);
  EXPECT_EQ(found.path, folder_ / "checkpoint-100.safetensors");
  EXPECT_EQ(found.checkpoint.training.progress.steps.size(), 100u);
  EXPECT_TRUE(found.damaged.empty());
}

TEST_F(CheckpointFolder, PassesOverATornOneAndRemovesItWithTheNextSave) {
  save(9);
  save(10);
  fs::resize_file(folder_ / "checkpoint-10.safetensors", 500);
  const FoundCheckpoint found = newest_checkpoint(folder_);
  EXPECT_EQ(found.path, folder_ / "checkpoint-9.safetensors");
  EXPECT_THAT(found.damaged,
              ElementsAre(HasSubstr("checkpoint-10.safetensors: the file is cut short or damaged")));
  // A checkpoint with more steps cannot be of this training, and a file without a number is not a checkpoint.
  scratch_.write("checkpoint-99.safetensors");
  scratch_.write("checkpoint-x.safetensors");
  save(11);
  EXPECT_THAT(names(), ElementsAre("checkpoint-10.safetensors", "checkpoint-11.safetensors",
                                   "checkpoint-x.safetensors"));
}

TEST_F(CheckpointFolder, SaysWhenThereIsNone) {
  EXPECT_THAT([&] { newest_checkpoint(folder_); },
              ThrowsMessage<Error>(HasSubstr("there is no checkpoint in ")));
  EXPECT_THAT([&] { newest_checkpoint(folder_ / "none"); },
              ThrowsMessage<Error>(HasSubstr("there is no checkpoint in ")));
  scratch_.write("checkpoint-9.safetensors");
  EXPECT_THAT([&] { newest_checkpoint(folder_); }, ThrowsMessage<Error>(HasSubstr("can be used (")));
}

TEST_F(CheckpointFolder, KeepsAnEarlierTrainingsUntilTheFirstSave) {
  EXPECT_EQ(set_checkpoints_aside(folder_), std::nullopt);
  save(9);
  save(10);
  EXPECT_EQ(set_checkpoints_aside(folder_), folder_ / "earlier-10.safetensors");
  EXPECT_THAT(names(), ElementsAre("earlier-10.safetensors", "earlier-9.safetensors"));
  EXPECT_THAT([&] { newest_checkpoint(folder_); },
              ThrowsMessage<Error>(HasSubstr("rename it to checkpoint-10.safetensors")));
  // If the training is begun anew once more before the first save, the earlier checkpoints stay.
  EXPECT_EQ(set_checkpoints_aside(folder_), std::nullopt);
  EXPECT_THAT(names(), ElementsAre("earlier-10.safetensors", "earlier-9.safetensors"));
  save(3);
  EXPECT_THAT(names(), ElementsAre("checkpoint-3.safetensors"));
}

}  // namespace
}  // namespace bart
