#include "adam.h"

#include <algorithm>
#include <cmath>

#include "parameter_chunks.h"
#include "team.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adam.cpp"
#include <hwy/foreach_target.h>
// Highway requires foreach_target.h before highway.h.
#include <hwy/highway.h>

#ifndef BART_ENGINE_ADAM_FACTORS
#define BART_ENGINE_ADAM_FACTORS
namespace bart {

/// The step's scalars, which PyTorch computes in double and hands to its float32 kernels.
struct AdamFactors {
  float kept;   // 1 - lr * weight decay; 1 changes no bit
  float lerp;   // 1 - beta1
  float decay;  // beta2
  float gain;   // 1 - beta2
  float root;   // sqrt(1 - beta2^step)
  float eps;
  float step_size;  // -lr / (1 - beta1^step)
};

}  // namespace bart
#endif

HWY_BEFORE_NAMESPACE();
namespace bart::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// `count` is a multiple of 16, as every flat array of parameters is.
void AdamStep(std::size_t count, AdamFactors f, const float* HWY_RESTRICT gradient,
              float* HWY_RESTRICT exp_avg, float* HWY_RESTRICT exp_avg_sq, float* HWY_RESTRICT parameter) {
  const hn::CappedTag<float, 16> d;
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    const auto g = hn::LoadU(d, gradient + i);
    const auto m0 = hn::LoadU(d, exp_avg + i);
    const auto m = hn::MulAdd(hn::Set(d, f.lerp), hn::Sub(g, m0), m0);
    const auto decayed = hn::Mul(hn::LoadU(d, exp_avg_sq + i), hn::Set(d, f.decay));
    const auto v = hn::MulAdd(hn::Mul(hn::Set(d, f.gain), g), g, decayed);
    const auto denominator = hn::Add(hn::Div(hn::Sqrt(v), hn::Set(d, f.root)), hn::Set(d, f.eps));
    const auto change = hn::Div(hn::Mul(hn::Set(d, f.step_size), m), denominator);
    hn::StoreU(m, d, exp_avg + i);
    hn::StoreU(v, d, exp_avg_sq + i);
    const auto kept = hn::Mul(hn::LoadU(d, parameter + i), hn::Set(d, f.kept));
    hn::StoreU(hn::Add(kept, change), d, parameter + i);
  }
}

}  // namespace bart::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bart {

HWY_EXPORT(AdamStep);

void adam_step(const Team& team, std::int64_t count, std::int64_t step, const AdamRule& rule,
               const float* gradient, float* exp_avg, float* exp_avg_sq, float* parameter) {
  const double correction1 = 1 - std::pow(rule.beta1, static_cast<double>(step));
  const double correction2 = 1 - std::pow(rule.beta2, static_cast<double>(step));
  const AdamFactors factors{.kept = static_cast<float>(1 - rule.learning_rate * rule.weight_decay),
                            .lerp = static_cast<float>(1 - rule.beta1),
                            .decay = static_cast<float>(rule.beta2),
                            .gain = static_cast<float>(1 - rule.beta2),
                            .root = static_cast<float>(std::sqrt(correction2)),
                            .eps = static_cast<float>(rule.eps),
                            .step_size = static_cast<float>(-(rule.learning_rate / correction1))};

  // Memory-bound: four streams in, three out, each touched once.
  team.each(parameter_chunks(count), [&](std::int64_t chunk) {
    const std::int64_t first = chunk * parameter_chunk;
    const std::int64_t size = std::min(count - first, parameter_chunk);
    HWY_DYNAMIC_DISPATCH(AdamStep)
    (static_cast<std::size_t>(size), factors, gradient + first, exp_avg + first, exp_avg_sq + first,
     parameter + first);
  });
}

}  // namespace bart
#endif  // HWY_ONCE
