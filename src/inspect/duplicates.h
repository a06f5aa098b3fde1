#pragma once

#include <cstdint>
#include <vector>

#include "bart/inspect/inspect.h"
#include "bart/pictures/perceptual_hash.h"

namespace bart {

/// What is remembered about each picture to find others like it.
struct PictureTraces {
  PictureSignature signature;
  std::uint64_t pixels_hash = 0;  // of the picture at signature_side
};

/// Fills the three lists of duplicates of `inspection`, and sorts them. `traces[i]` is of
/// `inspection.pictures[i]`.
void find_duplicates(Inspection& inspection, const std::vector<PictureTraces>& traces);

}  // namespace bart
