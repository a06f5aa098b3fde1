#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/random/mt19937.h"

namespace bart {

// How PyTorch's CPU generator turns MT19937 words into numbers (torch 2.13, ATen/core/DistributionsHelper.h
// and ATen/native/cpu/DistributionTemplates.h). Each function takes exactly the words that PyTorch takes.

/// torch's random64(): two words, the high one first.
std::uint64_t torch_random64(Mt19937& generator);

/// Tensor.uniform_(from, to) on float32, one word per element.
void torch_uniform(Mt19937& generator, float from, float to, std::span<float> values);

/// torch.randperm(n) on the CPU for n below 2^32 / 20.
std::vector<std::uint32_t> torch_randperm(Mt19937& generator, std::uint32_t n);

/// Tensor.bernoulli_(keep_probability): 1 where the element is kept. Two words per element.
void torch_bernoulli(Mt19937& generator, double keep_probability, std::span<std::uint8_t> keep);

}  // namespace bart
