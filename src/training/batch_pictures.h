#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/dataset/load.h"

namespace bart {

/// The pictures and labels of one batch, as the engine takes them.
struct BatchPictures {
  std::vector<const std::uint8_t*> pictures;  // [n]
  std::vector<std::int32_t> labels;           // [n]
};

/// `visits` are places in `train`, which holds indices of pictures.
BatchPictures batch_pictures(const LoadedPictures& pictures, std::span<const std::uint32_t> train,
                             std::span<const std::uint32_t> visits);

}  // namespace bart
