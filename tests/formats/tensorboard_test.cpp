#include "bart/formats/tensorboard.h"

#include <gtest/gtest.h>

#include <map>

#include "golden.h"

namespace bart {
namespace {

std::string hexadecimal(const std::vector<std::uint8_t>& bytes) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

TEST(TensorBoard, RecordsAreThoseOfItsOwnWriter) {
  std::map<std::string, std::string> golden;
  for (const auto& row : test::read_golden("tensorboard.tsv")) golden[row[0]] = row[1];

  EXPECT_EQ(hexadecimal(encode_event_file_start(1764000000.25)), golden.at("start"));
  const auto scalars = [](double wall_time, std::int64_t step, std::vector<TensorBoardScalar> values) {
    return hexadecimal(encode_scalar_event(wall_time, step, values));
  };
  EXPECT_EQ(scalars(1764000001.5, 1, {{"loss/step", 3.8010864f}}), golden.at("one"));
  EXPECT_EQ(scalars(1764000002.75, 123456789, {{"loss/train", 0.1f}, {"accuracy/validation", 98.5f}}),
            golden.at("many"));
  EXPECT_EQ(scalars(1764000000.5, 0, {{"loss/step", 0.0f}}), golden.at("zero"));
  EXPECT_EQ(scalars(1764000003.0, 7, {{std::string(200, 'x'), -1.5f}}), golden.at("long"));
  EXPECT_EQ(hexadecimal(encode_text_event(1764000004.0, 0, "settings", "| a | b |")), golden.at("text"));
  const std::vector<TensorBoardSetting> number = {{"learning_rate", "0.001", 0.001}};
  const std::vector<TensorBoardSetting> text = {{"split", "original", std::nullopt}};
  const std::vector<std::string> tags = {"loss/train"};
  EXPECT_EQ(hexadecimal(encode_settings_event(1764000006.0, number, tags)), golden.at("setting"));
  EXPECT_EQ(hexadecimal(encode_settings_event(1764000006.5, text, {})), golden.at("setting_text"));
  EXPECT_EQ(hexadecimal(encode_session_end_event(1764000007.0, true)), golden.at("session_end"));
  EXPECT_EQ(hexadecimal(encode_session_end_event(1764000007.5, false)), golden.at("session_end_failed"));
  const std::string file = "\x89PNG bytes";
  const std::vector<TensorBoardImage> images = {{"confusion_matrix", 300, 200, {file.begin(), file.end()}}};
  EXPECT_EQ(hexadecimal(encode_image_event(1764000005.0, 3, images)), golden.at("image"));
}

}  // namespace
}  // namespace bart
