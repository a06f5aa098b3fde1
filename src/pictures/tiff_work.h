#pragma once

#include <cstdint>

#include "checked.h"

struct tiff;

namespace bart {

/// Refuses a compressed TIFF whose strips or tiles take far more work than its picture is worth: they may be
/// far larger than the picture, and any number of them may lie at one place of the file. `block_bytes`: of a
/// strip or tile, inflated. Throws PictureError.
void check_tiff_work(struct tiff* tiff, Bytes file, std::uint64_t block_bytes);

}  // namespace bart
