#pragma once

#include <cstdint>

#include "bart/pictures/decode.h"
#include "checked.h"
#include "decoding.h"
#include "tiff_pixels.h"

namespace bart {

/// Decodes a compressed TIFF's first picture through libtiff, of this size. Throws PictureError.
Picture decode_with_libtiff(Bytes file, const TiffPixels& layout, const Palette& palette, std::int64_t width,
                            std::int64_t height, Decoding& decoding);

}  // namespace bart
