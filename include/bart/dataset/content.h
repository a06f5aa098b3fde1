#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bart/dataset/load.h"

namespace bart {

/// For each picture whether its pixels are among those recorded, wherever its file lies and whatever its name
/// is. Both are hashes as in LoadedPictures::hashes, of pictures that were resized to the same size and
/// turned by EXIF or not alike. Copies have one hash: a picture is also known where only a copy of it was
/// recorded.
std::vector<bool> match_by_content(std::span<const std::uint64_t> hashes,
                                   std::span<const std::uint64_t> recorded);

/// Whether nothing is left of a picture of Pillow's mode `mode`, of gray with 16 bits, 32 bits or floating
/// point per pixel, since it is clipped to the range 0 to 255 as Pillow does it: 9 of 10 of the resized
/// values are black or white.
bool is_clipped_gray(std::string_view mode, std::span<const std::uint8_t> resized);

/// The files of those pictures, in the order of `pictures.converted`.
std::vector<std::string> clipped_gray(const LoadedPictures& pictures);

/// The warning about `count` such pictures, of which `first` is the first.
std::string clipped_gray_sentence(std::size_t count, const std::string& first);

}  // namespace bart
