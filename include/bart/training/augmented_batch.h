#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/augment/augmentation.h"
#include "bart/dataset/load.h"

namespace bart {

/// The pictures of a batch, changed at random: [batch, side, side, 3], and pointers to them.
class AugmentedBatch {
 public:
  /// Makes picture k of the batch of picture sources[k] of `from`. Its random change depends on `seed`,
  /// `epoch` and names[k], the number of the picture in the data set. The result is the same for any number
  /// of threads.
  void make(const LoadedPictures& from, std::span<const std::uint32_t> sources,
            std::span<const std::uint32_t> names, const Augmentation& augmentation, std::uint32_t seed,
            int epoch, int side, int threads);
  std::span<const std::uint8_t* const> pictures() const { return pictures_; }

 private:
  std::vector<std::uint8_t> pixels_;
  std::vector<const std::uint8_t*> pictures_;
};

}  // namespace bart
