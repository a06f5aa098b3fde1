#pragma once

#include <cstdint>
#include <span>

#include "bart/augment/augmentation.h"
#include "bart/dataset/load.h"
#include "bart/pictures/picture.h"

namespace bart {

/// What a training's network sees of some pictures, as one picture: a row for each of `indices`, with the
/// picture as it is and then as `augmentation` changes it in the epochs 1 to 7 of a training with this seed.
/// `pictures` are those that the training makes its changes from, all of them, for the random numbers depend
/// on a picture's index.
Picture augmentation_sheet(const LoadedPictures& pictures, std::span<const std::uint32_t> indices,
                           const Augmentation& augmentation, int image_size, std::uint32_t seed);

}  // namespace bart
