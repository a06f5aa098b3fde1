#include "bart/dataset/content.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "bart/dataset/check_pixels.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/printable.h"

namespace bart {
namespace {

/// Pillow's modes of gray with more than 8 bits.
constexpr std::array deep_gray = {"I;16", "I;16B", "I", "F"};

/// Whether 3 of 4 values are close to 0 or 255. Resizing mixes the few grays that are left into the white:
/// where one value in twenty is not clipped, all are near 248.
bool is_black_and_white(std::span<const std::uint8_t> values) {
  const auto extreme = std::ranges::count_if(values, [](std::uint8_t v) { return v <= 15 || v >= 240; });
  return static_cast<std::size_t>(extreme) >= values.size() / 4 * 3;
}

}  // namespace

std::vector<bool> match_by_content(std::span<const std::uint64_t> hashes,
                                   std::span<const std::uint64_t> recorded) {
  const std::unordered_set<std::uint64_t> known(recorded.begin(), recorded.end());
  std::vector<bool> matches;
  matches.reserve(hashes.size());
  for (const std::uint64_t hash : hashes) matches.push_back(known.contains(hash));
  return matches;
}

bool is_clipped_gray(std::string_view mode, std::span<const std::uint8_t> resized) {
  return std::ranges::find(deep_gray, mode) != deep_gray.end() && !resized.empty() &&
         is_black_and_white(resized);
}

std::vector<std::string> clipped_gray(const LoadedPictures& pictures) {
  check_pixels(pictures);
  if (pictures.files.size() != pictures.size()) throw Error("the files do not fit the pictures");
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < pictures.size(); ++i) places.emplace(pictures.files[i], i);
  std::vector<std::string> clipped;
  for (const auto& [file, mode] : pictures.converted) {
    const auto place = places.find(file);
    if (place == places.end()) throw Error(fmt::format("{} is not one of the pictures", printable(file)));
    if (is_clipped_gray(mode, {pictures.picture(place->second), pictures.bytes_each()}))
      clipped.push_back(file);
  }
  return clipped;
}

std::string clipped_gray_sentence(std::size_t count, const std::string& first) {
  const bool one = count == 1;
  return fmt::format(
      "{} with 16 bits or more per pixel {} black and white once {} clipped to 0 to 255, as Pillow does it "
      "(the first: {}): convert {} to 8 bits first",
      counted(count, "gray picture", "gray pictures"), one ? "is" : "are", one ? "it is" : "they are", first,
      one ? "it" : "them");
}

}  // namespace bart
