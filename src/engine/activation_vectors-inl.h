// Loads and stores an ActivationArray as vectors of floats, for kernels that Highway compiles once per
// instruction set. This file is included after <hwy/highway.h> in each round of Highway's target loop, so it
// has no #pragma once.
#if defined(BART_ACTIVATION_VECTORS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef BART_ACTIVATION_VECTORS_INL_H
#undef BART_ACTIVATION_VECTORS_INL_H
#else
#define BART_ACTIVATION_VECTORS_INL_H
#endif

#include <hwy/highway.h>

#include "activations.h"

HWY_BEFORE_NAMESPACE();
namespace bart::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Vectors never span more than one pixel's block of channels.
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;

HWY_INLINE V load(const float* from) {
  return hn::LoadU(D(), from);
}

HWY_INLINE V load(const Bf16* from) {
  const hn::Rebind<std::uint16_t, D> half;
  const hn::RebindToUnsigned<D> whole;
  return hn::BitCast(D(), hn::ShiftLeft<16>(hn::PromoteTo(whole, hn::LoadU(half, &from->bits))));
}

HWY_INLINE void store(V v, float* to) {
  hn::StoreU(v, D(), to);
}

/// To the nearest bfloat16, ties to the even one.
HWY_INLINE void store(V v, Bf16* to) {
  const hn::Rebind<std::uint16_t, D> half;
  const hn::RebindToUnsigned<D> whole;
  const auto bits = hn::BitCast(whole, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(whole, 1));
  const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(whole, 0x7fff))));
  hn::StoreU(hn::DemoteTo(half, hn::BitCast(hn::RebindToSigned<D>(), rounded)), half, &to->bits);
}

/// ReLU that lets NaN through, as PyTorch's does: a training that breaks must not look normal.
HWY_INLINE V relu(V v) {
  return hn::IfThenZeroElse(hn::Lt(v, hn::Zero(D())), v);
}

/// Calls `kernel` with the activations as a pointer of their type.
template <class Kernel>
void typed(const ActivationArray& a, const Kernel& kernel) {
  if (a.precision == Precision::bf16) {
    kernel(static_cast<Bf16*>(a.data));
  } else {
    kernel(static_cast<float*>(a.data));
  }
}

template <class Kernel>
void typed(const ActivationArray& a, const ActivationArray& b, const Kernel& kernel) {
  typed(a, [&](auto* first) { typed(b, [&](auto* second) { kernel(first, second); }); });
}

}  // namespace bart::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // included for the first time for this target
