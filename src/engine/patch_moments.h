#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "team.h"

namespace bart {

/// The size of the patch that a 3x3 filter sees: [3 rows, 3 columns, 3 colours].
inline constexpr std::int64_t patch_elements = 27;

/// Exact sums over all patches of a batch of pictures, one patch around each pixel, with zeros outside the
/// picture. The batch statistics of a convolution with any filters, and the gradient through them, follow
/// from these sums.
struct PatchMoments {
  std::int64_t count;                                              // patches
  std::array<std::int64_t, patch_elements> sums;                   // of p
  std::array<std::int64_t, patch_elements * patch_elements> gram;  // of p p^T
};

/// Bytes of the scratch memory of patch_moments.
std::size_t patch_moments_scratch_bytes(std::int64_t size, const Team& team);

PatchMoments patch_moments(const Team& team,
                           std::span<const std::uint8_t* const> pictures,  // n pointers to [size, size, 3]
                           std::int64_t size,
                           void* scratch);  // for the threads of the team

}  // namespace bart
