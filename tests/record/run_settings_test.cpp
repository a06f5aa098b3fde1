#include "bart/record/run_settings.h"
#include "bart/record/dropout_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace bart {
namespace {

using testing::HasSubstr;

TEST(RunSettings, EveryRowComesBackFromItsText) {
  RunSettings other;
  for (const Setting& setting : run_settings()) {
    const std::string before = text_of(setting, other);
    const std::string text = setting.choices.empty()
                                 ? std::holds_alternative<bool RunSettings::*>(setting.value) ? "true" : "7"
                                 : std::string(setting.choices.back());
    EXPECT_TRUE(set_from_text(setting, other, text)) << setting.flag;
    EXPECT_EQ(text_of(setting, other), text) << setting.flag;
    EXPECT_NE(text, before) << setting.flag;
  }
  // No two rows belong to the same member.
  RunSettings defaults;
  for (const Setting& setting : run_settings()) {
    RunSettings one;
    set_from_text(setting, one, text_of(setting, other));
    for (const Setting& next : run_settings()) {
      EXPECT_EQ(text_of(next, one) == text_of(next, defaults), next.flag != setting.flag) << next.flag;
    }
  }
  std::set<std::string> flags, names;
  for (const Setting& setting : run_settings()) {
    flags.insert(setting.flag);
    names.insert(setting.name);
  }
  EXPECT_EQ(flags.size(), run_settings().size());
  EXPECT_EQ(names.size(), run_settings().size());
}

TEST(RunSettings, TheDefaultsArePossible) {
  EXPECT_NO_THROW(check(RunSettings{}));
}

TEST(RunSettings, RecipesArePossible) {
  EXPECT_EQ(recipe_settings("original"), RunSettings{});
  for (int epochs = 0; epochs < 100; ++epochs)
    EXPECT_NO_THROW(check(recipe_settings("tuned", epochs))) << epochs;
  EXPECT_EQ(recipe_settings("tuned"), recipe_settings("tuned", 25));
  EXPECT_EQ(recipe_settings("tuned").warm_up, 2);
  EXPECT_EQ(recipe_settings("tuned", 100).warm_up, 8);
  EXPECT_EQ(recipe_settings("tuned", 10).warm_up, 2);
  EXPECT_EQ(recipe_settings("tuned", 3).warm_up, 1.2);
  EXPECT_EQ(recipe_settings("tuned", 0).warm_up, 0);
  EXPECT_EQ(recipe_settings("tuned").mild_epochs, 4);
  EXPECT_NE(recipe_settings("tuned"), RunSettings{});
  EXPECT_THROW(recipe_settings("best"), Error);
}

TEST(RunSettings, GivenOnesReplaceThoseOfARecipeAndWhatTheyExclude) {
  RunSettings given;
  given.batch_size = 8;
  given.schedule = "one-cycle";
  given.optimizer = "adam";
  given.seed = 3;  // has no flag among the given ones
  RunSettings expected = recipe_settings("tuned", 5);
  EXPECT_EQ(recipe_settings("tuned", 5, given, {}), expected);
  expected.batch_size = 8;
  EXPECT_EQ(recipe_settings("tuned", 5, given, {"bs"}), expected);
  expected.schedule = "one-cycle";
  expected.warm_up = 0;
  EXPECT_EQ(recipe_settings("tuned", 5, given, {"bs", "schedule"}), expected);
  expected.optimizer = "adam";
  expected.weight_decay = 0;
  EXPECT_EQ(recipe_settings("tuned", 5, given, {"bs", "schedule", "optimizer"}), expected);
  // What is given is kept, even if the training will refuse it.
  given.warm_up = 2;
  EXPECT_EQ(recipe_settings("tuned", 5, given, {"schedule", "warm-up"}).warm_up, 2);
  EXPECT_THROW(recipe_settings("tuned", 5, given, {"speed"}), Error);
}

TEST(RunSettings, DropoutIsOneNumberPerLayer) {
  Architecture architecture;
  EXPECT_TRUE(set_dropout("0,0,0,0.1,0.4,0.2", architecture));
  EXPECT_EQ(architecture.blocks[3].dropout, 0.1);
  EXPECT_EQ(architecture.hidden[0].dropout, 0.4);
  EXPECT_EQ(architecture.hidden[1].dropout, 0.2);
  for (const char* wrong : {"", "0.1", "0,0,0,0,0", "0,0,0,0,0,0,0", "0,0,0,0,0,1", "0,0,0,0,0,-0.1",
                            "0,0,0,0,0,x", "0,0,0,0,0,0,", "0, 0,0,0,0,0", "nan,0,0,0,0,0"}) {
    EXPECT_FALSE(set_dropout(wrong, architecture)) << wrong;
  }
  EXPECT_EQ(architecture.blocks[3].dropout, 0.1);
  // The default is that of the architecture.
  Architecture original;
  for (Block& block : original.blocks) block.dropout = 0;
  for (Hidden& hidden : original.hidden) hidden.dropout = 0;
  EXPECT_TRUE(set_dropout(RunSettings().dropout, original));
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(original.blocks[i].dropout, Architecture().blocks[i].dropout);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(original.hidden[i].dropout, Architecture().hidden[i].dropout);
}

TEST(RunSettings, NumbersKeepEveryBit) {
  RunSettings settings;
  settings.learning_rate = 0.1 + 0.2;
  RunSettings back;
  ASSERT_TRUE(set_from_text(run_setting("lr"), back, text_of(run_setting("lr"), settings)));
  EXPECT_EQ(back.learning_rate, settings.learning_rate);
}

TEST(RunSettings, AnInvalidValueChangesNothing) {
  RunSettings settings;
  for (const auto& [flag, text] : std::vector<std::pair<const char*, const char*>>{{"bs", "many"},
                                                                                   {"bs", "1.5"},
                                                                                   {"bs", "99999999999"},
                                                                                   {"lr", ""},
                                                                                   {"lr", "0.1x"},
                                                                                   {"exact", "yes"}}) {
    EXPECT_FALSE(set_from_text(run_setting(flag), settings, text)) << flag << " " << text;
  }
  EXPECT_EQ(settings, RunSettings{});
}

TEST(RunSettings, AnImpossibleValueIsNamedAsTheCallerCallsIt) {
  const auto wrong = [](auto change) {
    RunSettings settings;
    change(settings);
    try {
      check(settings);
    } catch (const SettingError& error) {
      return std::pair<std::string, std::string>(error.what(), error.with_flags());
    }
    return std::pair<std::string, std::string>();
  };
  EXPECT_EQ(wrong([](RunSettings& s) { s.batch_size = 0; }),
            std::pair(std::string("batch_size must be at least 1, not 0"),
                      std::string("--bs must be at least 1, not 0")));
  EXPECT_THAT(wrong([](RunSettings& s) { s.split = "sorted"; }).second,
              HasSubstr("--split must be one of original, stratified, grouped, not \"sorted\""));
  EXPECT_THAT(wrong([](RunSettings& s) { s.split = ""; }).second, HasSubstr("--split"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.device = ""; }).second, testing::EndsWith("of a GPU, not \"\""));
  EXPECT_THAT(wrong([](RunSettings& s) { s.validation_size = 1; }).second, HasSubstr("--validation-size"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.learning_rate = std::nan(""); }).second, HasSubstr("--lr"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.threads = -1; }).second, HasSubstr("--threads"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.schedule = "linear"; }).second,
              HasSubstr("--schedule must be one of"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.warm_up = 20; }).second, HasSubstr("--warm-up must be shorter"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.warm_up = 1, s.schedule = "one-cycle"; }).second,
              HasSubstr("--warm-up must be 0 with the schedule one-cycle"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.weight_decay = 0.1; }).second, HasSubstr("use adamw, not 0.1"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.beta2 = 1; }).second, HasSubstr("--beta2"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.label_smoothing = 1; }).second, HasSubstr("--label-smoothing"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.logit_adjustment = -1; }).second, HasSubstr("--logit-adjustment"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.dropout = "0.5"; }).second,
              HasSubstr("--dropout must be six numbers"));
  EXPECT_THAT(
      wrong([](RunSettings& s) { s.augment = "mirror=2"; }).second,
      HasSubstr("--augment must be none or valid figures (an augmentation's probability of a mirror image "
                "must be from 0 to 1, not 2), not mirror=2"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.augment = "window=1.15..0.75"; }).second,
              HasSubstr("window begins at 1.15, above its end 0.75"));
  const auto rate = [&](double value, const char* optimizer) {
    return wrong([&](RunSettings& s) { s.learning_rate = value, s.optimizer = optimizer; }).second;
  };
  EXPECT_EQ(rate(1000, "adam"), "--lr must be at most 1 with the optimizer adam, not 1000");
  EXPECT_THAT(rate(1e30, "adamw"), HasSubstr("--lr must be at most 1"));
  EXPECT_THAT(rate(1000, "sgd"), HasSubstr("--lr must be at most 100"));
  EXPECT_EQ(rate(30, "sgd"), "");
  EXPECT_THAT(wrong([](RunSettings& s) { s.optimizer = "adamw", s.weight_decay = 1e300; }).second,
              HasSubstr("--weight-decay must be at most 1 divided by the learning rate, 1000"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.logit_adjustment = 1e300; }).second,
              HasSubstr("--logit-adjustment must be from 0 to 10"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.mild_epochs = 21; }).second, HasSubstr("--mild-epochs"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.average = 1; }).second, HasSubstr("--average"));
}

}  // namespace
}  // namespace bart
