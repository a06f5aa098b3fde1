#include "bart/formats/weights_fingerprint.h"

#include <algorithm>
#include <bit>
#include <span>
#include <variant>
#include <vector>

#include "bart/platform/hash.h"
#include "half.h"

namespace bart {
namespace {

static_assert(std::endian::native == std::endian::little, "the fingerprint is of little-endian values");

template <typename Value>
std::span<const std::uint8_t> bytes_of(const std::vector<Value>& values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(Value)};
}

template <typename IsRounded>
std::uint64_t fingerprint_of(const StateDict& state, const IsRounded& is_rounded) {
  std::uint64_t fingerprint = 0;
  std::vector<std::uint16_t> halves;
  for (const Tensor& tensor : state) {
    const auto* values = std::get_if<std::vector<float>>(&tensor.values);
    if (values == nullptr) continue;
    if (!is_rounded(tensor)) {
      fingerprint = hash_of(bytes_of(*values), fingerprint);
      continue;
    }
    halves.resize(values->size());
    std::ranges::transform(*values, halves.begin(), half_from_float);
    fingerprint = hash_of(bytes_of(halves), fingerprint);
  }
  return fingerprint;
}

}  // namespace

std::uint64_t weights_fingerprint(const StateDict& state) {
  return fingerprint_of(state, [](const Tensor&) { return true; });
}

std::uint64_t older_weights_fingerprint(const StateDict& state) {
  return fingerprint_of(state, is_half_weight);
}

}  // namespace bart
