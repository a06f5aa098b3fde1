#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "bart/augment/augmentation.h"
#include "bart/dataset/load.h"

namespace bart {

/// A self-contained HTML page that shows what the network of a training sees of `pictures`: each picture as
/// it is, and as `augmentation` changes it in the epochs 1 to 8 of a training with this seed. `pictures` have
/// the size from which changed pictures are made. `numbers` [n] are their places among all pictures of the
/// data set, on which the random changes depend.
std::string augmentation_page(const LoadedPictures& pictures, std::span<const std::uint32_t> numbers,
                              const Augmentation& augmentation, int image_size, std::uint32_t seed);

}  // namespace bart
