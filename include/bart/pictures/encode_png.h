#pragma once

#include <cstdint>
#include <vector>

#include "bart/pictures/picture.h"

namespace bart {

/// The bytes of a PNG, 8-bit RGB, without loss. The same picture gives the same bytes with one zlib. Throws
/// Error for a picture without pixels.
std::vector<std::uint8_t> encode_png(const Picture& picture);

}  // namespace bart
