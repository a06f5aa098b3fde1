// Trainings with augmentation and averaged weights.
#include <gmock/gmock.h>

#include <algorithm>

#include "bart/checkpoint/checkpoint.h"
#include "bart/dataset/load.h"
#include "bart/model/find_model.h"
#include "bart/platform/files.h"
#include "bart/run/split_pictures.h"
#include "bart/training/predictions.h"
#include "run_fixture.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class TunedRun : public RunTest {
 protected:
  /// The loss of a model on the test pictures.
  double loss_of(StateDict state, const RunSettings& asked) const {
    const LoadedPictures pictures = load_pictures(list_folder(faces()), {.image_size = asked.image_size});
    const Model model({.state = std::move(state), .classes = pictures.classes}, {.threads = 1});
    return evaluate(predictions_of(model.network(), pictures, split_pictures(pictures, asked).test,
                                   static_cast<std::size_t>(asked.batch_size)))
        .loss;
  }
};

TEST_F(TunedRun, ThatPatienceEndsLeavesAnAverageWithSettledStatistics) {
  RunSettings asked = settings("run");
  asked.batch_size = 2;  // six steps per epoch; the average begins with the sixteenth
  asked.epochs = 100;
  asked.patience = 4;
  asked.learning_rate = 1e-4;
  asked.average = 0.9;
  asked.precision = "f32";
  double last_loss = 0;
  RunObserver observer;
  observer.epoch = [&](const EpochRecord& epoch) {
    last_loss = epoch.validation_loss;
    return true;
  };
  const RunResult result = train(faces(), asked, observer);
  EXPECT_TRUE(result.out_of_patience);
  EXPECT_EQ(result.record.status, "finished");
  ASSERT_GE(result.record.steps, steps_per_average);
  ASSERT_LT(result.record.epochs.size(), 100u);
  EXPECT_EQ(result.record.epochs.back().validation_loss, last_loss);

  // The loss that was shown and recorded is that of the model that was saved, not of one whose statistics are
  // a mean of those of other weights.
  const StateDict average = decode_checkpoint(read_file(result.checkpoint)).training.average.model;
  EXPECT_NEAR(loss_of(read_model_file(folder("run").model()).state, asked), last_loss, 1e-5);
  EXPECT_GT(std::abs(loss_of(average, asked) - last_loss), 1e-3);

  // It has ended, although its last epoch may be the best one now.
  const std::vector<std::uint8_t> model = read_file(folder("run").model());
  const RunResult again = resume(folder("run").results());
  EXPECT_TRUE(again.out_of_patience);
  EXPECT_EQ(again.record.steps, result.record.steps);
  EXPECT_TRUE(read_file(folder("run").model()) == model);
  EXPECT_THAT([&] { resume(folder("run").results(), {.change = [](RunSettings& s) { s.patience = 5; }}); },
              ThrowsMessage<ChangedSetting>(HasSubstr("patience is 5, but the training to continue began")));
}

TEST_F(TunedRun, ThatPatienceEndsWithACalibrationTakesNoOtherPatience) {
  RunSettings asked = settings("run");
  asked.epochs = 100;
  asked.patience = 2;
  asked.learning_rate = 1e-30;
  asked.calibrate = "temperature";
  EXPECT_TRUE(train(faces(), asked).out_of_patience);
  EXPECT_THAT([&] { resume(folder("run").results(), {.change = [](RunSettings& s) { s.patience = 9; }}); },
              ThrowsMessage<ChangedSetting>(HasSubstr("patience is 9, but the training to continue began")));
}

TEST_F(TunedRun, ThatAStepLimitEndsLeavesSettledStatisticsAndGoesOnToTheSameBytes) {
  RunSettings asked = settings("whole");
  asked.batch_size = 2;
  asked.epochs = 4;
  asked.average = 0.9;
  train(faces(), asked);
  asked.out = folder("parts").results().string();
  asked.max_steps = 20;
  const RunResult stopped = train(faces(), asked);
  TrainingState state = decode_checkpoint(read_file(stopped.checkpoint)).training;
  update_average(state.average, state.model, 0.9, 4);
  for (const Tensor& tensor : read_model_file(folder("parts").model()).state) {
    const bool statistics = tensor.name.find(".running_") != std::string::npos;
    EXPECT_EQ(tensor.values == find_tensor(state.average.model, tensor.name)->values, !statistics)
        << tensor.name;
  }
  resume(folder("parts").results(), {.change = [](RunSettings& s) { s.max_steps = 0; }});
  for (const char* file : {"BART-10M.pth", "BART-10M.last.pth"}) {
    EXPECT_TRUE(read_file(folder("parts").results() / file) == read_file(folder("whole").results() / file))
        << file;
  }
}

TEST_F(TunedRun, TheBestModelIsTheOneThatATrainingWhichEndsThereLeaves) {
  RunSettings asked = settings("whole");
  asked.batch_size = 2;  // six steps per epoch
  asked.epochs = 8;
  asked.learning_rate = 1e-4;
  asked.average = 0.9;
  asked.calibrate = "temperature";
  asked.best = "accuracy";
  asked.precision = "f32";
  const RunResult whole = train(faces(), asked);
  ASSERT_LT(whole.best_epoch, 8);
  const double loss = whole.record.epochs.at(static_cast<std::size_t>(whole.best_epoch) - 1).validation_loss;
  const std::vector<std::uint8_t> best = read_file(folder("whole").best_model());
  EXPECT_NEAR(loss_of(read_model_file(folder("whole").best_model()).state, asked), loss, 1e-5);

  asked.out = folder("parts").results().string();
  asked.max_steps = 6 * whole.best_epoch;
  train(faces(), asked);
  EXPECT_TRUE(read_file(folder("parts").model()) == best);
  resume(folder("parts").results(), {.change = [](RunSettings& s) { s.max_steps = 0; }});
  for (const char* file : {"BART-10M.pth", "BART-10M.best.pth", "BART-10M.last.pth"}) {
    EXPECT_TRUE(read_file(folder("parts").results() / file) == read_file(folder("whole").results() / file))
        << file;
  }
}

TEST_F(TunedRun, OnlyTrainingPicturesAreReadInTheLargerSize) {
  RunSettings asked = settings("plain");
  asked.augment = "mirror=0.5,window=0.8..1.2";
  std::vector<std::size_t> totals;
  RunObserver observer;
  observer.reading = [&](std::size_t done, std::size_t total) {
    if (done == total) totals.push_back(total);
  };
  train(faces(), asked, observer);
  EXPECT_THAT(totals, testing::ElementsAre(16, 12));

  // With a cache, a training with another split reads only what the cache does not have.
  for (const auto& entry : fs::recursive_directory_iterator(faces())) {
    if (!entry.is_regular_file()) continue;
    fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  asked.cache = (scratch_.path() / "cache").string();
  asked.out = folder("cached").results().string();
  train(faces(), asked, observer);
  EXPECT_TRUE(read_file(folder("cached").model()) == read_file(folder("plain").model()));
  totals.clear();
  asked.seed = 11;
  asked.out = folder("other").results().string();
  train(faces(), asked, observer);
  ASSERT_EQ(totals.size(), 1u) << "the smaller pictures are all in the cache";
  EXPECT_LE(totals[0], 4u);
  asked.seed = 10;
  totals.clear();
  asked.out = folder("again").results().string();
  train(faces(), asked, observer);
  EXPECT_THAT(totals, testing::IsEmpty());
  EXPECT_TRUE(read_file(folder("again").model()) == read_file(folder("plain").model()));
}

}  // namespace
}  // namespace bart
