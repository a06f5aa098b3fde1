#include "sgd.h"

#include <algorithm>

#include "parameter_chunks.h"
#include "team.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sgd.cpp"
#include <hwy/foreach_target.h>
// Highway requires foreach_target.h before highway.h.
#include <hwy/highway.h>

#ifndef BART_ENGINE_SGD_FACTORS
#define BART_ENGINE_SGD_FACTORS
namespace bart {

/// The step's scalars, in the precision of PyTorch's float32 kernels.
struct SgdFactors {
  float decay, momentum, step;  // step: -lr
};

}  // namespace bart
#endif

HWY_BEFORE_NAMESPACE();
namespace bart::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// `count` is a multiple of 16, as every flat array of parameters is.
void SgdStep(std::size_t count, SgdFactors f, const float* HWY_RESTRICT gradient,
             float* HWY_RESTRICT momentum, float* HWY_RESTRICT parameter) {
  const hn::CappedTag<float, 16> d;
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    const auto p = hn::LoadU(d, parameter + i);
    const auto g = hn::MulAdd(hn::Set(d, f.decay), p, hn::LoadU(d, gradient + i));
    const auto m = hn::Add(hn::Mul(hn::LoadU(d, momentum + i), hn::Set(d, f.momentum)), g);
    hn::StoreU(m, d, momentum + i);
    const auto direction = hn::MulAdd(hn::Set(d, f.momentum), m, g);
    hn::StoreU(hn::MulAdd(hn::Set(d, f.step), direction, p), d, parameter + i);
  }
}

}  // namespace bart::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bart {

HWY_EXPORT(SgdStep);

void sgd_step(const Team& team, std::int64_t count, const SgdRule& rule, const float* gradient,
              float* momentum, float* parameter) {
  const SgdFactors factors{.decay = static_cast<float>(rule.weight_decay),
                           .momentum = static_cast<float>(rule.momentum),
                           .step = static_cast<float>(-rule.learning_rate)};
  // Memory-bound: three streams in, two out, each touched once.
  team.each(parameter_chunks(count), [&](std::int64_t chunk) {
    const std::int64_t first = chunk * parameter_chunk;
    const std::int64_t size = std::min(count - first, parameter_chunk);
    HWY_DYNAMIC_DISPATCH(SgdStep)
    (static_cast<std::size_t>(size), factors, gradient + first, momentum + first, parameter + first);
  });
}

}  // namespace bart
#endif  // HWY_ONCE
