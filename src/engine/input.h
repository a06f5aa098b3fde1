#pragma once

#include <cstdint>
#include <span>

#include "activations.h"
#include "team.h"

namespace bart {

/// Converts pictures to the input of the first convolution: bytes / 255 as in torch's float32 division, then
/// rounded to the precision of `input`.
void pictures_to_input(const Team& team,
                       std::span<const std::uint8_t* const> pictures,  // n pointers to [size, size, 3]
                       std::int64_t size,
                       ActivationArray input);  // [n, 3, size, size]

}  // namespace bart
