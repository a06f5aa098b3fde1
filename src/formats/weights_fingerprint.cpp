#include "bart/formats/weights_fingerprint.h"

#include <algorithm>
#include <bit>
#include <span>
#include <variant>
#include <vector>

#include "bart/platform/bf16.h"
#include "bart/platform/hash.h"
#include "half.h"

namespace bart {
namespace {

static_assert(std::endian::native == std::endian::little, "the fingerprint is of little-endian values");

template <typename Value>
std::span<const std::uint8_t> bytes_of(const std::vector<Value>& values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(Value)};
}

/// Of the float tensors; those that `is_rounded` names are rounded by `round` to 16 bits.
template <typename IsRounded>
std::uint64_t fingerprint_of(const StateDict& state, std::uint16_t (*round)(float),
                             const IsRounded& is_rounded) {
  std::uint64_t fingerprint = 0;
  std::vector<std::uint16_t> rounded;
  for (const Tensor& tensor : state) {
    const auto* values = std::get_if<std::vector<float>>(&tensor.values);
    if (values == nullptr) continue;
    if (!is_rounded(tensor)) {
      fingerprint = hash_of(bytes_of(*values), fingerprint);
      continue;
    }
    rounded.resize(values->size());
    std::ranges::transform(*values, rounded.begin(), round);
    fingerprint = hash_of(bytes_of(rounded), fingerprint);
  }
  return fingerprint;
}

}  // namespace

std::uint64_t weights_fingerprint(const StateDict& state) {
  return fingerprint_of(state, half_from_float, [](const Tensor&) { return true; });
}

std::uint64_t bfloat16_weights_fingerprint(const StateDict& state) {
  return fingerprint_of(state, nearest_bf16_bits, [](const Tensor&) { return true; });
}

std::uint64_t older_weights_fingerprint(const StateDict& state) {
  return fingerprint_of(state, half_from_float, is_half_weight);
}

}  // namespace bart
