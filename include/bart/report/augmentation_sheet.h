#pragma once

#include <cstdint>
#include <span>

#include "bart/augment/augmentation.h"
#include "bart/dataset/load.h"
#include "bart/pictures/picture.h"

namespace bart {

/// What a training's network sees of its first pictures, as one picture: row k shows picture k of `pictures`
/// as it is, and then as `augmentation` changes it in the epochs 1 to 7 of a training with this seed.
/// `pictures` are those that the training makes its changes from. `numbers` has one number per row: the place
/// of the picture among all pictures of the data set, on which the random changes depend.
Picture augmentation_sheet(const LoadedPictures& pictures, std::span<const std::uint32_t> numbers,
                           const Augmentation& augmentation, int image_size, std::uint32_t seed);

}  // namespace bart
