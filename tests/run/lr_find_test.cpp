// A learning rate range test with the settings of a training.
#include "bart/run/lr_find.h"

#include <gtest/gtest.h>

#include "run_fixture.h"

namespace bart {
namespace {

class LrFindTest : public RunTest {
 protected:
  RunSettings tuned() const {
    RunSettings asked = settings("run");
    const RunSettings recipe = recipe_settings("tuned", 2);
    for (const char* flag : {"optimizer", "beta2", "weight-decay", "logit-adjustment", "label-smoothing",
                             "dropout", "augment", "init-values"}) {
      set_from_text(run_setting(flag), asked, text_of(run_setting(flag), recipe));
    }
    asked.class_weights = "balanced";
    asked.clip_norm = 0.5;
    asked.learning_rate = 1e-4;
    asked.max_steps = 1;
    return asked;
  }
  float first_loss_of_training(const RunSettings& asked) const {
    float loss = 0;
    RunObserver observer;
    observer.step = [&](const StepRecord& step, std::size_t, std::size_t) {
      loss = step.loss;
      return true;
    };
    train(faces(), asked, observer);
    return loss;
  }
  float first_loss_of_range(const RunSettings& asked) const {
    const LrRangeTest test = find_learning_rate(faces(), asked, {.from = 1e-4, .to = 1e-3, .steps = 2});
    return static_cast<float>(test.steps.at(0).loss);
  }
};

TEST_F(LrFindTest, BeginsAsTheTrainingWithTheSameSettings) {
  EXPECT_EQ(first_loss_of_range(tuned()), first_loss_of_training(tuned()));
  RunSettings original = settings("original");
  original.max_steps = 1;
  original.learning_rate = 1e-4;
  EXPECT_EQ(first_loss_of_range(original), first_loss_of_training(original));
  EXPECT_NE(first_loss_of_range(original), first_loss_of_range(tuned()));
}

TEST_F(LrFindTest, BeginsWithTheModelThatInitNames) {
  RunSettings before = settings("before");
  before.epochs = 1;
  before.learning_rate = 0.01;
  train(faces(), before);
  RunSettings asked = settings("run");
  asked.max_steps = 1;
  asked.learning_rate = 1e-4;
  const float without = first_loss_of_range(asked);
  asked.init = folder("before").model().string();
  EXPECT_EQ(first_loss_of_range(asked), first_loss_of_training(asked));
  EXPECT_NE(first_loss_of_range(asked), without);
}

TEST_F(LrFindTest, RefusesWhatATrainingRefuses) {
  RunSettings asked = settings("run");
  asked.label_smoothing = 1;
  EXPECT_THROW(find_learning_rate(faces(), asked), SettingError);
  asked = settings("run");
  asked.cache = (faces() / "cache").string();
  EXPECT_THROW(find_learning_rate(faces(), asked), SettingError);
}

}  // namespace
}  // namespace bart
