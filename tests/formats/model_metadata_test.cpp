#include "bart/formats/model_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "bart/platform/error.h"

namespace bart {
namespace {

using testing::HasSubstr;

const ModelMetadata simpsons{.classes = {"homer", "猫", "a \"b\"\n"},
                             .image_size = 64,
                             .exif_orientation = false,
                             .bart_version = "0.2.0"};

/// The error of decode_model_metadata() for the text, or "" if it accepts the text.
std::string metadata_refusal(const std::string& json) {
  try {
    decode_model_metadata(json);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// A correct object with the value of one key replaced.
std::string with(const std::string& key, const std::string& value) {
  std::string json = "{";
  for (const auto& [name, right] : {std::pair{"classes", "[\"a\", \"b\"]"},
                                    {"image_size", "32"},
                                    {"resize_filter", "\"bicubic\""},
                                    {"exif_orientation", "true"},
                                    {"bart_version", "\"0.2.0\""}}) {
    json += (json.size() > 1 ? ", \"" : "\"") + std::string(name) + "\": " + (name == key ? value : right);
  }
  return json + "}";
}

TEST(ModelMetadata, ComeBackAsTheyWere) {
  EXPECT_EQ(decode_model_metadata(encode_model_metadata(simpsons)), simpsons);
}

TEST(ModelMetadata, OfALaterVersionMayHoldMore) {
  const std::string json = R"({"classes": ["a", "b"], "image_size": 32, "resize_filter": "bicubic",
    "exif_orientation": true, "bart_version": "9", "normalization": {"mean": 0.5}, "more": [1, "x", null]})";
  EXPECT_EQ(decode_model_metadata(json).classes, (std::vector<std::string>{"a", "b"}));
}

TEST(ModelMetadata, OfManyNamesAreReadInTimeThatGrowsWithTheirNumber) {
  std::string names = "{\"0\": {}";
  for (int i = 1; i < 400'000; ++i) names += ",\"" + std::to_string(i) + "\":{}";  // quadratic: 20 minutes
  std::string text = with("bart_version", "\"9\"");
  text.insert(text.size() - 1, ", \"more\": " + names + "}");
  EXPECT_EQ(decode_model_metadata(text).bart_version, "9");
}

TEST(ModelMetadata, ThatAreWrongAreRefused) {
  EXPECT_EQ(metadata_refusal(with("", "")), "");
  for (const char* text : {"", "[]", "3", "{", "{\"classes\": [\"\xff\"]}", "\"\\ud800\""}) {
    EXPECT_THAT(metadata_refusal(text), HasSubstr("not a JSON object")) << text;
  }
  EXPECT_THAT(metadata_refusal(std::string(1 << 20, '[')), HasSubstr("not a JSON object"));
  EXPECT_THAT(metadata_refusal(with("more", "") + std::string(1 << 24, ' ')), HasSubstr("too large"));
  for (const char* classes : {"null", "\"a\"", "{}", "[1, 2]", "[\"a\", null]", "[[\"a\"]]"}) {
    EXPECT_THAT(metadata_refusal(with("classes", classes)), HasSubstr("no proper \"classes\"")) << classes;
  }
  EXPECT_THAT(metadata_refusal(with("classes", "[\"a\", \"b\", \"a\"]")), HasSubstr("\"a\" twice"));
  for (const char* size :
       {"\"32\"", "-1", "65536", "4294967328", "18446744073709551648", "32.5", "true", "null"}) {
    EXPECT_THAT(metadata_refusal(with("image_size", size)), HasSubstr("no proper \"image_size\"")) << size;
  }
  EXPECT_THAT(metadata_refusal(with("image_size", "0")), HasSubstr("image size of 0"));
  EXPECT_THAT(metadata_refusal(with("resize_filter", "7")), HasSubstr("no proper \"resize_filter\""));
  EXPECT_THAT(metadata_refusal(with("resize_filter", "\"lanczos\"")),
              HasSubstr("\"lanczos\", which this version"));
  EXPECT_THAT(metadata_refusal(with("exif_orientation", "1")), HasSubstr("no proper \"exif_orientation\""));
  EXPECT_THAT(metadata_refusal(with("bart_version", "[]")), HasSubstr("no proper \"bart_version\""));
  EXPECT_THAT(metadata_refusal("{\"classes\": [\"a\", \"b\"]}"), HasSubstr("no proper \"image_size\""));
}

TEST(ModelMetadata, ThatWouldNotBeReadAreNotWritten) {
  EXPECT_THROW(encode_model_metadata({.classes = {"\xff", "b"}, .image_size = 8}), Error);
  EXPECT_THROW(encode_model_metadata({.classes = {"a", "a"}, .image_size = 8}), Error);
  EXPECT_THROW(encode_model_metadata({.classes = {"a", "b"}, .image_size = 0}), Error);
  EXPECT_THROW(encode_model_metadata({.classes = {"a", "b"}, .image_size = 8, .resize_filter = "box"}),
               Error);
}

}  // namespace
}  // namespace bart
