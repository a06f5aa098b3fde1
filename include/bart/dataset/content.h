#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bart/dataset/load.h"

namespace bart {

/// Whether the pixels of each picture are among the recorded ones, wherever its file lies and whatever its
/// name is. Both arguments are hashes as in LoadedPictures::hashes, of pictures with the same size and the
/// same EXIF setting. Copies have the same hash, so a picture is also recognized if only a copy of it was
/// recorded.
std::vector<bool> match_by_content(std::span<const std::uint64_t> hashes,
                                   std::span<const std::uint64_t> recorded);

/// Whether a gray picture with 16 or 32 bits or a floating-point number per pixel (Pillow's mode `mode`) has
/// lost its content, because its values are clipped to 0 to 255 as Pillow does: 9 of 10 of the resized values
/// are black or white.
bool is_clipped_gray(std::string_view mode, std::span<const std::uint8_t> resized);

/// The files of those pictures, in the order of `pictures.converted`.
std::vector<std::string> clipped_gray(const LoadedPictures& pictures);

/// The names of those among `pictures` that say it of themselves and have their name in `name`.
template <class Picture>
std::vector<std::string> clipped_gray(const std::vector<Picture>& pictures, std::string Picture::*name) {
  std::vector<std::string> names;
  for (const Picture& picture : pictures) {
    if (picture.clipped_gray) names.push_back(picture.*name);
  }
  return names;
}

/// The warning about `count` such pictures, of which `first` is the first.
std::string clipped_gray_sentence(std::size_t count, const std::string& first);

}  // namespace bart
