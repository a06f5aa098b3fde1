#include "bart/record/run_settings.h"

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
                                 : setting.choices.back();
    EXPECT_TRUE(set_from_text(setting, other, text)) << setting.flag;
    EXPECT_EQ(text_of(setting, other), text) << setting.flag;
    EXPECT_NE(text, before) << setting.flag;
  }
  // No row is of a member that another one has.
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

TEST(RunSettings, NumbersKeepEveryBit) {
  RunSettings settings;
  settings.learning_rate = 0.1 + 0.2;
  RunSettings back;
  ASSERT_TRUE(set_from_text(run_setting("lr"), back, text_of(run_setting("lr"), settings)));
  EXPECT_EQ(back.learning_rate, settings.learning_rate);
}

TEST(RunSettings, WhatIsNoValueChangesNothing) {
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
  EXPECT_THAT(wrong([](RunSettings& s) { s.validation_size = 1; }).second, HasSubstr("--validation-size"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.learning_rate = std::nan(""); }).second, HasSubstr("--lr"));
  EXPECT_THAT(wrong([](RunSettings& s) { s.threads = -1; }).second, HasSubstr("--threads"));
}

}  // namespace
}  // namespace bart
