#pragma once

#include <cstdint>
#include <vector>

#include "bart/pictures/picture.h"

namespace bart {

/// The bytes of Pillow's Image.save(….jpg): baseline JPEG, 4:2:0, standard Huffman tables.
std::vector<std::uint8_t> encode_jpeg(const Picture& picture, int quality = 75);

}  // namespace bart
