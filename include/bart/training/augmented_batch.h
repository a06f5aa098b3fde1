#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/augment/augmentation.h"
#include "bart/dataset/load.h"

namespace bart {

/// The pictures of a batch, changed at random for one epoch: [batch, side, side, 3], and pointers to them.
class AugmentedBatch {
 public:
  /// `batch` are indices of `pictures`, whose larger copies `from` holds in the same order. The outcome is
  /// the same for any number of threads and any order of work.
  void make(const LoadedPictures& from, std::span<const std::uint32_t> batch,
            const Augmentation& augmentation, std::uint32_t seed, int epoch, int side, int threads);
  std::span<const std::uint8_t* const> pictures() const { return pictures_; }

 private:
  std::vector<std::uint8_t> pixels_;
  std::vector<const std::uint8_t*> pictures_;
};

}  // namespace bart
