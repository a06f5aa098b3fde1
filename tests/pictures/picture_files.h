#pragma once

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <zlib.h>

#include "bart/pictures/picture.h"
#include "bart/platform/files.h"
#include "places.h"

namespace bart::test {

using FileBytes = std::vector<std::uint8_t>;

inline const std::filesystem::path small_pictures = tests_folder() / "goldens/pictures";
inline const std::filesystem::path odd_pictures = shared_folder() / "data/odd";
inline const std::filesystem::path real_pictures = shared_folder() / "data/simpsons_subset";

inline FileBytes bytes_of(const std::filesystem::path& path) {
  return read_file(path);
}

/// The files in a folder, sorted by name.
inline std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files(std::filesystem::directory_iterator(folder), {});
  std::sort(files.begin(), files.end());
  return files;
}

/// CRC-32 as the goldens of pictures write it.
inline std::string crc_text(unsigned long crc) {
  char text[9];
  std::snprintf(text, sizeof text, "%08lx", crc);
  return text;
}
inline std::string crc_of(std::span<const std::uint8_t> bytes) {
  return crc_text(crc32_z(0, bytes.data(), bytes.size()));
}

/// The noise of make_resize.py.
inline Picture noise(int width, int height) {
  Picture picture{width, height, std::vector<std::uint8_t>(std::size_t(width) * std::size_t(height) * 3)};
  for (std::uint32_t i = 0; i < picture.pixels.size(); ++i)
    picture.pixels[i] = std::uint8_t(((i * 2654435761u) ^ (i >> 7)) >> 24);
  return picture;
}

}  // namespace bart::test
