#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bart/dataset/load.h"

namespace bart {

/// For each picture whether its pixels are among those recorded, wherever its file lies and whatever its name
/// is. Both are hashes as in LoadedPictures::hashes, of pictures that were resized to the same size and
/// turned by EXIF or not alike. Copies have one hash: a picture is also known where only a copy of it was
/// recorded.
std::vector<bool> match_by_content(std::span<const std::uint64_t> hashes,
                                   std::span<const std::uint64_t> recorded);

/// The files of gray pictures with 16 bits, 32 bits or floating point per pixel of which nothing is left,
/// since they are clipped to the range 0 to 255 as Pillow does it: 9 of 10 resized pixels are black or white.
/// In the order of `pictures.converted`.
std::vector<std::string> clipped_gray(const LoadedPictures& pictures);

}  // namespace bart
