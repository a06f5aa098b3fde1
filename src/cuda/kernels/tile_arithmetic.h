#pragma once

namespace bart::cuda {

/// The number format in which the factors of a convolution are multiplied. Sums are f32.
enum class Arithmetic { f32, tf32, bf16 };

inline constexpr int tile_depth = 32;  // of the tiles of a matrix product, in k

}  // namespace bart::cuda
