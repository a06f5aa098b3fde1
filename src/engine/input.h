#pragma once

#include <cstdint>
#include <span>

namespace bart {

/// Pictures into the source of the first convolution: bytes / 255 as torch's float32 division gives it.
void pictures_to_input(std::span<const std::uint8_t* const> pictures,  // n pointers to [size, size, 3]
                       std::int64_t size,
                       float* input);  // [n, 3, size, size]

}  // namespace bart
