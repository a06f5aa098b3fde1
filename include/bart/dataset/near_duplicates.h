#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/pictures/perceptual_hash.h"

namespace bart {

/// Signatures are taken of pictures resized to this side. It is the default image size of a training, so that
/// training and inspection find the same groups.
inline constexpr int signature_side = 128;

/// For each picture, the smallest index in its group. Near duplicates are in one group, and so are pictures
/// that a chain of near duplicates connects. Found by multi-index hashing (Norouzi, Punjani & Fleet 2012):
/// when two hashes differ in at most 10 bits, one of their four 16-bit quarters differs in at most 2, so each
/// picture is compared with those in 4 * 137 buckets instead of with all others.
std::vector<std::uint32_t> near_duplicate_groups(std::span<const PictureSignature> signatures);

/// The signatures of loaded pictures, in their order.
std::vector<PictureSignature> signatures_of(const LoadedPictures& pictures, int threads);

}  // namespace bart
