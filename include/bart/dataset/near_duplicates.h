#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/pictures/perceptual_hash.h"

namespace bart {

/// The side that pictures have when their signature is taken: that of a training by default, so that a
/// training and an inspection find the same groups.
inline constexpr int signature_side = 128;

/// For each picture the smallest index of its group: near duplicates, and what is joined by a chain of them,
/// are one group. Found by multi-index hashing (Norouzi, Punjani & Fleet 2012): of two hashes at most 10 bits
/// apart one of four 16-bit quarters differs in at most 2, so each picture looks into 4 * 137 buckets instead
/// of at all others. Of equal signatures only one is looked up.
std::vector<std::uint32_t> near_duplicate_groups(std::span<const PictureSignature> signatures);

/// The signatures of loaded pictures, in their order.
std::vector<PictureSignature> signatures_of(const LoadedPictures& pictures, int threads);

}  // namespace bart
