#include "bart/formats/weights_fingerprint.h"

#include <bit>
#include <span>
#include <variant>
#include <vector>

#include "bart/platform/hash.h"
#include "half.h"

namespace bart {

std::uint64_t weights_fingerprint(const StateDict& state) {
  std::uint64_t fingerprint = 0;
  std::vector<std::uint8_t> bytes;
  for (const Tensor& tensor : state) {
    const auto* values = std::get_if<std::vector<float>>(&tensor.values);
    if (values == nullptr) continue;
    bytes.clear();
    const bool rounded = is_half_weight(tensor);
    for (const float value : *values) {
      const std::uint32_t bits = rounded ? half_from_float(value) : std::bit_cast<std::uint32_t>(value);
      for (int shift = 0; shift < (rounded ? 16 : 32); shift += 8)
        bytes.push_back(static_cast<std::uint8_t>(bits >> shift));
    }
    fingerprint = hash_of(bytes, fingerprint);
  }
  return fingerprint;
}

}  // namespace bart
