#pragma once

#include <cstdint>
#include <vector>

#include "bart/random/mt19937.h"

namespace bart {

/// The order in which PyTorch's DataLoader(shuffle=True, generator=Generator().manual_seed(seed)) visits a
/// data set of n items, epoch after epoch. Copying it copies its position in the random stream.
class BatchOrder {
 public:
  BatchOrder(std::uint32_t seed, std::uint32_t n);
  /// Continues from a position in the stream that generator() returned.
  BatchOrder(const Mt19937& generator, std::uint32_t n) : generator_(generator), n_(n) {}

  /// The next epoch's n indices. Batches are cut from it in order; the last, short one is kept.
  std::vector<std::uint32_t> next_epoch();

  const Mt19937& generator() const { return generator_; }
  std::uint32_t size() const { return n_; }

 private:
  Mt19937 generator_;
  std::uint32_t n_;
};

}  // namespace bart
