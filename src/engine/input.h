#pragma once

#include <cstdint>
#include <span>

#include "activations.h"
#include "team.h"

namespace bart {

/// Pictures into the source of the first convolution: bytes / 255 as torch's float32 division gives it, then
/// rounded to the precision of `input`.
void pictures_to_input(const Team& team,
                       std::span<const std::uint8_t* const> pictures,  // n pointers to [size, size, 3]
                       std::int64_t size,
                       ActivationArray input);  // [n, 3, size, size]

}  // namespace bart
