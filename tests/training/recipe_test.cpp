// Extensions of the original training: schedules, optimizers, augmentation, averaged weights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "bart/network/dropout.h"
#include "bart/platform/error.h"
#include "bart/training/temperature.h"
#include "bart/training/train.h"
#include "random_pictures.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class RecipeTest : public testing::Test {
 protected:
  // Nine steps per epoch, so that the average is updated after the steps 16 and 32.
  const LoadedPictures pictures_ = test::random_pictures(40, 3, 16);
  const Split split_ = test::first_for_testing(40, 5);
  const LoadedPictures larger_ = test::training_pictures(test::random_pictures(40, 3, 20), split_);
  const Architecture architecture_{
      .classes = 3, .image_size = 16, .blocks = {{8, 0}, {16, 0.1}}, .hidden = {{16, 0.4}}};

  TrainOptions tuned() const {
    return {.epochs = 4,
            .batch_size = 4,
            .learning_rate = 2e-3,
            .threads = 1,
            .balanced_classes = true,
            .clip_norm = 5,
            .schedule = ScheduleKind::cosine,
            .warm_up_epochs = 1,
            .optimizer = {.beta2 = 0.99, .weight_decay = 0.05},
            .label_smoothing = 0.1,
            .logit_adjustment = 0.5,
            .augmentation =
                {.mirror = 0.5, .window = {0.75, 1.15}, .rotation = 12, .brightness = 0.25, .erase = 0.25},
            .mild_epochs = 1,
            .larger_pictures = &larger_,
            .average_decay = 0.99,
            .calibrate = true};
  }
  Training training(const TrainOptions& options, TrainingState from) const {
    return {pictures_, split_, architecture_, options, std::move(from)};
  }
  TrainingState start() const {
    return initial_training_state(architecture_, 10, split_.train.size(), InitialValues::he);
  }
  StateDict model_of(const TrainOptions& options) const {
    Training whole = training(options, start());
    whole.run();
    return whole.model();
  }
};

TEST_F(RecipeTest, GoesOnFromAnyStepToTheSameBits) {
  Training whole = training(tuned(), start());
  whole.run();
  ASSERT_EQ(whole.progress().steps.size(), 36u);
  const StateDict model = whole.model();
  for (const std::int64_t stop : {1, 8, 9, 15, 16, 17, 31, 33, 36}) {
    Training first = training(tuned(), start());
    TrainEvents events;
    events.step = [&](const StepRecord& step, std::size_t, std::size_t) { return step.step < stop; };
    first.run(events);
    Training second = training(tuned(), first.state());
    second.run();
    EXPECT_EQ(second.progress().steps, whole.progress().steps) << "stopped after step " << stop;
    EXPECT_EQ(second.progress().epochs.back().validation_loss,
              whole.progress().epochs.back().validation_loss);
    EXPECT_TRUE(second.model() == model) << "stopped after step " << stop;
    EXPECT_TRUE(second.last_model() == whole.last_model()) << "stopped after step " << stop;
  }
}

bool is_statistic(const Tensor& tensor) {
  return tensor.name.find(".running_") != std::string::npos;
}

TEST_F(RecipeTest, TheLastStepsAreInTheAverageToo) {
  TrainOptions options = tuned();
  options.calibrate = false;
  Training whole = training(options, start());
  whole.run();
  ModelAverage expected = whole.state().average;  // after step 32 of 36
  update_average(expected, whole.last_model(), options.average_decay, 4);
  const StateDict model = whole.model();
  for (std::size_t t = 0; t < model.size(); ++t) {
    if (is_statistic(model[t])) continue;
    EXPECT_TRUE(model[t] == expected.model[t]) << model[t].name;
  }

  // Before the first update the average is the weights of the last step.
  options.max_steps = 5;
  Training shorter = training(options, start());
  shorter.run();
  const StateDict last = shorter.last_model();
  EXPECT_TRUE(shorter.model() == last);
  shorter.settle();
  const StateDict settled = shorter.model();
  for (std::size_t t = 0; t < settled.size(); ++t) {
    if (settled[t].shape.empty()) continue;  // a counter
    EXPECT_EQ(settled[t] == last[t], !is_statistic(settled[t])) << settled[t].name;
  }
}

/// The running statistics that a batch of all the training pictures leaves of those of `model`. In this
/// architecture no dropout comes before a BatchNorm.
StateDict after_all_pictures(const StateDict& model, const LoadedPictures& pictures, const Split& split,
                             const Architecture& architecture) {
  Engine engine(architecture, {.threads = 1});
  engine.load(model);
  std::vector<const std::uint8_t*> pixels;
  std::vector<std::int32_t> labels;
  for (const std::uint32_t i : split.train) {
    pixels.push_back(pictures.picture(i));
    labels.push_back(pictures.labels[i]);
  }
  Mt19937 generator(1);
  engine.step({pixels, labels}, draw_dropout_masks(architecture, static_cast<int>(pixels.size()), generator),
              {.learning_rate = 1e-30});
  return engine.state();
}

TEST_F(RecipeTest, NothingIsLeftOfEarlierStatisticsWhenThereAreFewPictures) {
  TrainOptions options = tuned();
  options.batch_size = 64;  // of 35 pictures
  options.epochs = 20;
  Training whole = training(options, start());
  whole.run();
  const StateDict model = whole.model();
  // With the statistics of these pictures, those that they leave are the same.
  const StateDict after = after_all_pictures(model, pictures_, split_, architecture_);
  for (std::size_t t = 0; t < model.size(); ++t) {
    if (!is_statistic(model[t])) continue;
    for (std::size_t c = 0; c < model[t].floats().size(); ++c) {
      ASSERT_NEAR(after[t].floats()[c], model[t].floats()[c], 1e-5 * (1 + std::abs(model[t].floats()[c])))
          << model[t].name;
    }
  }
}

TEST_F(RecipeTest, StatisticsAreThoseOfAllClassesEvenIfThePicturesAreSorted) {
  constexpr std::size_t count = 400;
  LoadedPictures pictures = test::random_pictures(count, 4, 16);
  std::vector<std::uint8_t> pixels(pictures.bytes_each());
  for (std::size_t i = 0; i < count; ++i) {
    std::ranges::fill(pixels, static_cast<std::uint8_t>(60 * (i / 100) + i % 7));
    pictures.labels[i] = static_cast<std::int32_t>(i / 100);
    pictures.pixels.write(pictures.slots[i] * pixels.size(), pixels);
  }
  Architecture architecture = architecture_;
  architecture.classes = 4;
  const Split split = test::first_for_testing(count, 0);
  TrainOptions options{.epochs = 1, .batch_size = 4, .max_steps = 16, .threads = 1, .average_decay = 0.9};
  Training whole(pictures, split, architecture, options,
                 initial_training_state(architecture, 10, split.train.size()));
  whole.run();
  whole.settle();
  const StateDict model = whole.model();
  const StateDict after = after_all_pictures(model, pictures, split, architecture);
  const auto brightness = [](const StateDict& state) {
    // The darkest class is near -2.1 after normalization, the brightest above 1, so that the variance of the
    // first convolution's outputs over all classes is far larger than within half of them.
    double sum = 0;
    for (const float variance : find_tensor(state, "block1.1.running_var")->floats()) sum += variance;
    return sum;
  };
  // One batch of all pictures replaces a tenth.
  const double all = brightness(model) + 10 * (brightness(after) - brightness(model));
  EXPECT_NEAR(brightness(model), all, 0.4 * all);
}

TEST_F(RecipeTest, EveryEpochCanValidateASettledModel) {
  TrainOptions options = tuned();
  options.settles_every_epoch = true;
  Training whole = training(options, start());
  TrainEvents events;
  std::vector<StateDict> models;
  events.epoch = [&](const EpochRecord& epoch) {
    EXPECT_EQ(whole.evaluate_on(split_.test).loss, epoch.validation_loss);
    models.push_back(whole.model());
    return true;
  };
  whole.run(events);
  EXPECT_TRUE(models.at(3) == model_of(tuned()));
  // The model of an epoch is the one that a training which ends there leaves.
  TrainOptions shorter = tuned();
  shorter.max_steps = 18;
  Training two = training(shorter, start());
  two.run();
  two.settle();
  EXPECT_TRUE(two.model() == models.at(1));
  // The training goes on to the same bits as without it, even from the middle.
  Training first = training(options, start());
  events.epoch = [](const EpochRecord& epoch) { return epoch.epoch < 2; };
  first.run(events);
  Training second = training(options, first.state());
  second.run();
  EXPECT_TRUE(second.model() == models.at(3));
  EXPECT_TRUE(second.last_model() == whole.last_model());
}

TEST_F(RecipeTest, ALastValidationThatIsStoppedIsDoneAgain) {
  const StateDict model = model_of(tuned());
  Training first = training(tuned(), start());
  TrainEvents events;
  events.validation = [&](std::size_t, std::size_t) { return first.progress().epoch < 4; };
  first.run(events);
  EXPECT_FALSE(first.finished());
  Training second = training(tuned(), first.state());
  second.run();
  EXPECT_TRUE(second.model() == model);
}

TEST_F(RecipeTest, AnEarlyEndSettlesTheAverageAndValidatesThatModel) {
  const StateDict whole = model_of(tuned());
  Training early = training(tuned(), start());
  double unsettled = 0;
  TrainEvents events;
  events.last_epoch = [&](const EpochRecord& epoch) {
    unsettled = epoch.validation_loss;
    return epoch.epoch == 3;
  };
  events.epoch = [](const EpochRecord& epoch) { return epoch.epoch < 3; };
  early.run(events);
  EXPECT_TRUE(early.progress().ended_early);
  const EpochRecord& last = early.progress().epochs.at(2);
  EXPECT_NE(last.validation_loss, unsettled);
  EXPECT_EQ(early.evaluate_on(split_.test).loss, last.validation_loss);
  EXPECT_TRUE(early.model() != early.state().average.model);
  // A training that goes on from there is not affected by it.
  Training second = training(tuned(), early.state());
  second.run();
  EXPECT_FALSE(second.progress().ended_early);
  EXPECT_TRUE(second.model() == whole);
}

TEST_F(RecipeTest, AnEarlyEndThatIsInterruptedIsDoneAgain) {
  const auto end_with_epoch_3 = [](TrainEvents& events) {
    events.last_epoch = [](const EpochRecord& epoch) { return epoch.epoch == 3; };
    events.epoch = [](const EpochRecord& epoch) { return epoch.epoch < 3; };
  };
  TrainEvents events;
  end_with_epoch_3(events);
  Training whole = training(tuned(), start());
  whole.run(events);

  Training first = training(tuned(), start());
  int validations = 0;
  events.validation = [&](std::size_t done, std::size_t total) {
    validations += done == total ? 1 : 0;
    return validations < 4;  // the fourth is that of the settled average
  };
  first.run(events);
  EXPECT_EQ(first.progress().epochs.size(), 2u);
  Training second = training(tuned(), first.state());
  events.validation = {};
  second.run(events);
  EXPECT_EQ(second.progress().epochs.back().validation_loss, whole.progress().epochs.back().validation_loss);
  EXPECT_TRUE(second.model() == whole.model());
}

TEST_F(RecipeTest, SgdGoesOnFromItsMomentum) {
  TrainOptions options = tuned();
  options.optimizer = {.kind = OptimizerKind::sgd, .weight_decay = 5e-4};
  const StateDict model = model_of(options);
  Training first = training(options, start());
  TrainEvents events;
  events.step = [&](const StepRecord& step, std::size_t, std::size_t) { return step.step < 10; };
  first.run(events);
  Training second = training(options, first.state());
  second.run();
  EXPECT_TRUE(second.model() == model);
  EXPECT_TRUE(model != model_of(tuned()));
}

TEST_F(RecipeTest, AugmentedPicturesAreTheSameForAnyNumberOfThreads) {
  const std::vector<std::uint32_t> batch = {34, 4, 17, 5};
  AugmentedBatch one, several;
  one.make(larger_, batch, batch, tuned().augmentation, 10, 3, 16, 1);
  several.make(larger_, batch, batch, tuned().augmentation, 10, 3, 16, 3);
  AugmentedBatch alone;
  const auto third = std::span(batch).subspan(2, 1);
  alone.make(larger_, third, third, tuned().augmentation, 10, 3, 16, 1);
  constexpr std::size_t bytes = 16 * 16 * 3;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    EXPECT_EQ(std::memcmp(one.pictures()[i], several.pictures()[i], bytes), 0);
  }
  EXPECT_EQ(std::memcmp(one.pictures()[2], alone.pictures()[0], bytes), 0) << "whatever else is in its batch";
  several.make(larger_, batch, batch, tuned().augmentation, 10, 4, 16, 3);
  EXPECT_NE(std::memcmp(one.pictures()[0], several.pictures()[0], bytes), 0)
      << "another epoch, another change";
}

TEST_F(RecipeTest, EveryPartChangesTheModel) {
  const StateDict model = model_of(tuned());
  const auto without = [&](auto change) {
    TrainOptions options = tuned();
    change(options);
    return model_of(options);
  };
  EXPECT_TRUE(without([](TrainOptions& o) { o.schedule = ScheduleKind::constant; }) != model);
  EXPECT_TRUE(without([](TrainOptions& o) { o.warm_up_epochs = 0; }) != model);
  EXPECT_TRUE(without([](TrainOptions& o) { o.optimizer.weight_decay = 0; }) != model);
  EXPECT_TRUE(without([](TrainOptions& o) { o.optimizer.beta2 = 0.999; }) != model);
  EXPECT_TRUE(without([](TrainOptions& o) { o.label_smoothing = 0; }) != model);
  EXPECT_TRUE(without([](TrainOptions& o) { o.logit_adjustment = 0; }) != model);
  EXPECT_TRUE(without([](TrainOptions& o) { o.augmentation = {}; }) != model);
  EXPECT_TRUE(without([](TrainOptions& o) { o.mild_epochs = 0; }) != model);
  EXPECT_TRUE(without([](TrainOptions& o) { o.larger_pictures = nullptr; }) != model);
  EXPECT_TRUE(without([](TrainOptions& o) { o.average_decay = 0; }) != model);
  EXPECT_TRUE(without([](TrainOptions& o) { o.calibrate = false; }) != model);
}

TEST_F(RecipeTest, CalibrationMultipliesTheLastLayerAtTheEndAndNothingElse) {
  for (const double average : {0.0, 0.99}) {
    TrainOptions options = tuned();
    options.average_decay = average;
    Training calibrated = training(options, start());
    calibrated.run();
    options.calibrate = false;
    Training plain = training(options, start());
    plain.run();
    EXPECT_EQ(calibrated.progress().steps, plain.progress().steps);
    EXPECT_TRUE(calibrated.state().model == plain.state().model);
    EXPECT_TRUE(calibrated.last_model() == plain.last_model());
    StateDict scaled = plain.model();
    const double factor = static_cast<double>(calibrated.model().back().floats()[0]) /
                          static_cast<double>(scaled.back().floats()[0]);
    EXPECT_NE(factor, 1);
    scale_logits(scaled, std::round(64 * factor) / 64);
    EXPECT_TRUE(calibrated.model() == scaled);
  }
}

TEST_F(RecipeTest, TheStepsHaveTheRatesOfTheSchedule) {
  Training whole = training(tuned(), start());
  whole.run();
  const Schedule schedule = {.kind = ScheduleKind::cosine, .peak = 2e-3, .warm_up = 9};
  for (const StepRecord& step : whole.progress().steps) {
    EXPECT_EQ(step.learning_rate, learning_rate(schedule, step.step, 36));
  }
}

TEST_F(RecipeTest, AWarmUpEndsBeforeTheLastStep) {
  TrainOptions options = tuned();
  options.warm_up_epochs = 3.99;
  Training whole = training(options, start());
  whole.run();
  EXPECT_EQ(whole.progress().steps.at(34).learning_rate, options.learning_rate);
}

TEST_F(RecipeTest, WeightDecayLeavesBiasesAndBatchNormAlone) {
  // Adam's step does not see the decay, so in the first one weights shrink by lr * decay and nothing else
  // differs.
  TrainOptions options{.epochs = 1, .batch_size = 4, .max_steps = 1, .threads = 1};
  Training plain = training(options, start());
  plain.run();
  options.optimizer.weight_decay = 100;
  Training decayed = training(options, start());
  decayed.run();
  const StateDict before = start().model, a = plain.model(), b = decayed.model();
  for (std::size_t t = 0; t < a.size(); ++t) {
    if (a[t].shape.size() < 2) {
      EXPECT_EQ(a[t], b[t]) << a[t].name;
      continue;
    }
    for (std::size_t i = 0; i < a[t].floats().size(); ++i) {
      const float decay = 0.001f * 100 * before[t].floats()[i];
      ASSERT_NEAR(b[t].floats()[i], a[t].floats()[i] - decay, 1e-6) << a[t].name;
    }
  }
}

TEST_F(RecipeTest, RefusesWhatDoesNotFit) {
  const auto refused = [&](auto change, const char* why) {
    TrainOptions options = tuned();
    change(options);
    EXPECT_THAT([&] { training(options, start()); }, ThrowsMessage<Error>(HasSubstr(why)));
  };
  const LoadedPictures others = test::random_pictures(40, 3, 20);
  refused([&](TrainOptions& o) { o.larger_pictures = &others; }, "not those that are trained on");
  refused([](TrainOptions& o) { o.warm_up_epochs = 4; }, "a warm-up of 36 steps does not fit");
  refused([](TrainOptions& o) { o.augmentation.mirror = 2; }, "must be from 0 to 1");
  refused([](TrainOptions& o) { o.average_decay = 1; }, "an average cannot keep 1 of itself");
}

}  // namespace
}  // namespace bart
