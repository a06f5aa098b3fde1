#include "bart/dataset/batch_order.h"

#include "bart/random/torch.h"

namespace bart {

BatchOrder::BatchOrder(std::uint32_t seed, std::uint32_t n) : generator_(seed), n_(n) {}

std::vector<std::uint32_t> BatchOrder::next_epoch() {
  // The loader's iterator first draws a base seed for workers, although there are none. RandomSampler then
  // yields one permutation, and after its end draws another one, from which it takes no element
  // (torch/utils/data/dataloader.py, sampler.py).
  torch_random64(generator_);
  std::vector<std::uint32_t> order = torch_randperm(generator_, n_);
  for (std::uint32_t i = 1; i < n_; ++i) generator_.next();
  return order;
}

}  // namespace bart
