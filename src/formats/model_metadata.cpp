#include "bart/formats/model_metadata.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bart/platform/error.h"

namespace bart {
namespace {

constexpr std::size_t max_text = std::size_t{1} << 24;

}  // namespace

std::string classes_text(const std::vector<std::string>& classes) {
  try {
    return nlohmann::json(classes).dump();
  } catch (const nlohmann::json::exception&) {
    throw Error("a class name is not valid UTF-8");
  }
}

std::vector<std::string> classes_of_text(std::string_view text) {
  try {
    if (text.size() <= max_text) return nlohmann::json::parse(text).get<std::vector<std::string>>();
  } catch (const nlohmann::json::exception&) {
  }
  throw Error(fmt::format("\"{}\" in the model's metadata is not a JSON list of names", classes_key));
}

std::string preprocessing_text(int image_size) {
  return fmt::format(
      "RGB, resized to {0} x {0} (bicubic with antialiasing, as Pillow's Image.resize), divided by 255, "
      "channels first",
      image_size);
}

}  // namespace bart
