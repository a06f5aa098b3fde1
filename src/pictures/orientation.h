#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "bart/pictures/picture.h"

namespace bart {

/// The value of the orientation tag of an EXIF block; none where it has no such tag.
std::optional<std::int64_t> orientation_in_exif(std::span<const std::uint8_t> exif);

/// The orientation that an EXIF block (with or without "Exif\0\0" before its TIFF header) or, failing that,
/// an XMP packet states: what Pillow's exif_transpose would act on. 1 where neither does.
int stated_orientation(std::span<const std::uint8_t> exif, std::string_view xmp);

/// The picture as it is meant to be seen. `orientation`: EXIF's 1 to 8.
Picture oriented(Picture picture, int orientation);

}  // namespace bart
