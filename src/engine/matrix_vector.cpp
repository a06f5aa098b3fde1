#include "matrix_vector.h"

#include <algorithm>

#include "team.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "matrix_vector.cpp"
#include <hwy/foreach_target.h>
// Highway's order: the target loop first.
#include <hwy/highway.h>

#include "activation_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bart::HWY_NAMESPACE {

/// sums += what `rows` inputs add to a block of outputs.
template <int rows, class E>
HWY_INLINE void add_inputs(const E* weights,  // [rows, block]
                           const float* x,    // [rows]
                           std::size_t block,
                           float* sums) {  // [block]
  V inputs[rows];
  for (int r = 0; r < rows; ++r) inputs[r] = hn::Set(D(), x[r]);
  for (std::size_t o = 0; o < block; o += hn::Lanes(D())) {
    V sum = load(sums + o);
    for (int r = 0; r < rows; ++r) {
      sum = hn::MulAdd(inputs[r], load(weights + static_cast<std::size_t>(r) * block + o), sum);
    }
    store(sum, sums + o);
  }
}

void AddInputs(const ActivationArray& weights,  // [count, block]
               const float* HWY_RESTRICT x, std::size_t count, std::size_t block, float* HWY_RESTRICT sums) {
  typed(weights, [&](const auto* from) {
    constexpr int rows = 8;
    std::size_t i = 0;
    for (; i + rows <= count; i += rows) add_inputs<rows>(from + i * block, x + i, block, sums);
    for (; i < count; ++i) add_inputs<1>(from + i * block, x + i, block, sums);
  });
}

void RoundWeights(const float* HWY_RESTRICT from, std::size_t count, Bf16* HWY_RESTRICT to) {
  for (std::size_t i = 0; i < count; i += hn::Lanes(D())) store(load(from + i), to + i);
}

}  // namespace bart::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bart {

HWY_EXPORT(AddInputs);
HWY_EXPORT(RoundWeights);

namespace {

/// The inputs of a block, cut into parts of about 128 Ki weights: enough of them for many threads.
struct Parts {
  std::int64_t inputs, count;

  explicit Parts(const MatrixShape& s)
      : inputs(std::clamp<std::int64_t>((std::int64_t{1} << 17) / s.block, 8, s.in)),
        count((s.in + inputs - 1) / inputs) {}
};

}  // namespace

std::size_t multiply_vector_bytes(const MatrixShape& s) {
  return static_cast<std::size_t>(Parts(s).count * s.out) * sizeof(float);
}

void multiply_vector(const Team& team, const MatrixShape& s, ActivationArray weights, const float* x,
                     const float* bias, float* y, float* partial) {
  const Parts parts(s);
  const std::int64_t blocks = s.out / s.block;
  team.each(blocks * parts.count, [&](std::int64_t job) {
    const std::int64_t block = job / parts.count;
    const std::int64_t first = job % parts.count * parts.inputs;
    float* sums = partial + job % parts.count * s.out + block * s.block;
    std::fill_n(sums, s.block, 0.f);
    HWY_DYNAMIC_DISPATCH(AddInputs)
    (weights.at((block * s.in + first) * s.block), x + first,
     static_cast<std::size_t>(std::min(parts.inputs, s.in - first)), static_cast<std::size_t>(s.block), sums);
  });
  for (std::int64_t o = 0; o < s.out; ++o) {
    float sum = bias[o];
    for (std::int64_t part = 0; part < parts.count; ++part) sum += partial[part * s.out + o];
    y[o] = sum;
  }
}

void round_weights(const Team& team, std::int64_t count, const float* from, Bf16* to) {
  constexpr std::int64_t chunk = 1 << 14;
  team.each((count + chunk - 1) / chunk, [&](std::int64_t part) {
    const std::int64_t first = part * chunk;
    HWY_DYNAMIC_DISPATCH(RoundWeights)
    (from + first, static_cast<std::size_t>(std::min(chunk, count - first)), to + first);
  });
}

}  // namespace bart
#endif  // HWY_ONCE
