#include "bart/record/run_toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::span<const std::uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

RunSettings settings_in(const RunToml& config) {
  RunSettings settings;
  for (const RunTomlSetting& one : config.settings)
    EXPECT_TRUE(set_from_text(*one.setting, settings, one.value));
  return settings;
}

TEST(RunTomlTest, SettingsAndTheFolderComeBack) {
  RunSettings settings;
  settings.learning_rate = 1e-30;
  settings.best = "macro-f1";
  settings.deterministic = true;
  settings.max_steps = 1'000'000'000'000;
  settings.init = "C:\\models\\\"best\".pth";
  for (const std::string folder : {"/data/faces", "/a \"b\"/c\\d", "/new\nline\ttab", "/日本/Köln",
                                   "/del\x7f bell\x07", "/a = [b] # c"}) {
    const std::string text = encode_run_toml(settings, folder);
    const RunToml back = decode_run_toml(bytes(text));
    EXPECT_EQ(back.folder, folder) << text;
    EXPECT_EQ(settings_in(back), settings) << text;
  }
}

TEST(RunTomlTest, AFolderThatTomlCannotHoldIsLeftOut) {
  const std::string text = encode_run_toml({}, "/data/\xe4\xff");
  EXPECT_THAT(text, HasSubstr("# folder is not UTF-8"));
  EXPECT_EQ(decode_run_toml(bytes(text)).folder, "");
  EXPECT_EQ(decode_run_toml(bytes(text)).not_utf8, std::set<std::string>{"folder"});
  RunSettings settings;
  settings.test_folder = "/data/\xff";
  EXPECT_EQ(decode_run_toml(bytes(encode_run_toml(settings, "/data"))).not_utf8,
            std::set<std::string>{"test-folder"});
}

TEST(RunTomlTest, SettingsHaveTheNamesThatTheCommandLineTakes) {
  const RunToml config =
      decode_run_toml(bytes("batch-size = 8\nlearning_rate = 0.5\nimgsz = 32\nfolder_name = 'faces'\n"));
  const RunSettings settings = settings_in(config);
  EXPECT_EQ(settings.batch_size, 8);
  EXPECT_EQ(settings.learning_rate, 0.5);
  EXPECT_EQ(settings.image_size, 32);
  EXPECT_EQ(config.folder, "faces");
  const std::vector<std::string> keys = run_toml_keys();
  for (const char* key : {"folder", "bs", "batch-size", "batch", "lr", "learning-rate", "no-report"})
    EXPECT_THAT(keys, testing::Contains(key));
}

TEST(RunTomlTest, TakesAByteOrderMarkASectionAndNumbersOfEveryKind) {
  const RunToml config = decode_run_toml(
      bytes("\xef\xbb\xbf# mine\n[train]\nlr = 1\nepochs = 1_000\nbs = 0x10\nsplit = 'grouped'\n"));
  const RunSettings settings = settings_in(config);
  EXPECT_EQ(settings.learning_rate, 1);
  EXPECT_EQ(settings.epochs, 1000);
  EXPECT_EQ(settings.batch_size, 16);
  EXPECT_EQ(settings.split, "grouped");
}

TEST(RunTomlTest, NamesWhatItDoesNotKnow) {
  const auto expect_error = [](const std::string& text, const std::string& words) {
    EXPECT_THAT([&] { decode_run_toml(bytes(text)); }, ThrowsMessage<Error>(HasSubstr(words))) << text;
  };
  expect_error("learn_rate = 0.1", "says learn_rate, which is not a setting of a training");
  expect_error("lr = 1\nlearning-rate = 2", "says lr twice");
  expect_error("bs = 1\n[train]\nbs = 2", "says bs twice");
  expect_error("folder = 'a'\n[train]\nfolder-name = 'b'", "says folder twice");
  expect_error("[lr]\na = 1", "lr");
  expect_error("lr = \"fast\"", "says lr = fast, which is not a valid value");
  expect_error("lr = [1]", "lr");
  expect_error("epochs = 1.5", "epochs = 1.5");
  expect_error("lr = ", "is not TOML, line 1");
  expect_error("lr = 1\nlr = 2", "is not TOML, line 2");
}

}  // namespace
}  // namespace bart
