#include "bart/formats/model_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "bart/platform/error.h"
#include "bart/platform/json_extent.h"
#include "message.h"

namespace bart {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t max_text = std::size_t{1} << 24;
constexpr std::size_t max_depth = 8;  // a later version may nest more than this one
constexpr std::uint64_t max_image_size = 65535;

/// The JSON value, or nothing where the text is none, too long or nested too deeply.
std::optional<json> parsed(std::string_view text) {
  if (text.size() > max_text || json_extent(text).depth > max_depth) return std::nullopt;
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

bool is_text(const json& value) {
  return value.is_string();
}
bool is_boolean(const json& value) {
  return value.is_boolean();
}
bool is_list_of_texts(const json& value) {
  return value.is_array() && std::ranges::all_of(value, is_text);
}
/// A number that no int holds must not wrap into a right one.
bool is_image_size(const json& value) {
  return value.is_number_unsigned() && value.get<std::uint64_t>() <= max_image_size;
}

const json& field(const json& object, const char* key, bool (*right_type)(const json&)) {
  const auto found = object.find(key);
  if (found == object.end() || !right_type(*found)) {
    throw Error(fmt::format("the model's metadata has no proper \"{}\"", key));
  }
  return *found;
}

void check_names(const std::vector<std::string>& classes) {
  std::vector<std::string_view> sorted(classes.begin(), classes.end());
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice != sorted.end()) {
    throw Error(fmt::format("the model's metadata names the class \"{}\" twice", in_message(*twice)));
  }
}

void check(const ModelMetadata& metadata) {
  check_names(metadata.classes);
  if (metadata.image_size < 1 || metadata.image_size > int(max_image_size)) {
    throw Error(fmt::format("the model's metadata says an image size of {} pixels, outside 1 to {}",
                            metadata.image_size, max_image_size));
  }
  if (metadata.resize_filter != "bicubic") {
    throw Error(fmt::format(
        "the model's metadata says that pictures are resized by \"{}\", which this version of BART cannot do",
        in_message(metadata.resize_filter)));
  }
}

std::string dumped(const ordered_json& value, int indent) {
  try {
    return value.dump(indent);
  } catch (const nlohmann::json::exception&) {
    throw Error("a class name is not valid UTF-8");
  }
}

}  // namespace

std::string encode_model_metadata(const ModelMetadata& metadata) {
  check(metadata);
  return dumped({{"bart_version", metadata.bart_version},
                 {"classes", metadata.classes},
                 {"image_size", metadata.image_size},
                 {"resize_filter", metadata.resize_filter},
                 {"exif_orientation", metadata.exif_orientation}},
                2);
}

ModelMetadata decode_model_metadata(std::string_view text) {
  const std::optional<json> object = parsed(text);
  if (!object || !object->is_object()) throw Error("the model's metadata is not a JSON object, or too large");
  ModelMetadata metadata;
  metadata.classes = field(*object, "classes", is_list_of_texts).get<std::vector<std::string>>();
  metadata.image_size = field(*object, "image_size", is_image_size).get<int>();
  metadata.resize_filter = field(*object, "resize_filter", is_text).get<std::string>();
  metadata.exif_orientation = field(*object, "exif_orientation", is_boolean).get<bool>();
  metadata.bart_version = field(*object, "bart_version", is_text).get<std::string>();
  check(metadata);
  return metadata;
}

std::string classes_text(const std::vector<std::string>& classes) {
  check_names(classes);
  return dumped(classes, -1);
}

std::vector<std::string> classes_of_text(std::string_view text) {
  const std::optional<json> list = parsed(text);
  if (!list || !is_list_of_texts(*list)) {
    throw Error(fmt::format("\"{}\" in the model's metadata is not a JSON list of names", classes_key));
  }
  std::vector<std::string> classes = list->get<std::vector<std::string>>();
  check_names(classes);
  return classes;
}

std::string preprocessing_text(int image_size) {
  return fmt::format(
      "RGB, resized to {0} x {0} (bicubic with antialiasing, as Pillow's Image.resize), divided by 255, "
      "channels first",
      image_size);
}

}  // namespace bart
