#pragma once

#include <cstdint>
#include <variant>

#include "bart/network/state_dict.h"
#include "require.h"

/// A tensor that was read has as many values as its shape says.
inline void require_whole(const bart::StateDict& state) {
  for (const bart::Tensor& tensor : state) {
    std::uint64_t count = 1;
    for (const std::int64_t size : tensor.shape) {
      REQUIRE(size >= 0);
      count *= static_cast<std::uint64_t>(size);
    }
    REQUIRE(std::visit([](const auto& values) { return values.size(); }, tensor.values) == count);
  }
}
