#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "bart/dataset/listing.h"
#include "bart/platform/group.h"

namespace bart {

// Hashes that tell whether two processes see the same pictures: by names and sizes, without reading them.

/// The hash of the paths in their order, and of the sizes of the files, which are asked for by `threads`
/// threads. A file that is not there has a size of its own.
std::uint64_t fingerprint_of(std::span<const std::filesystem::path> files, int threads);

/// The same for the pictures of a data set, with its classes, labels and parts.
std::uint64_t fingerprint_of(const Listing& listing, int threads);

/// Throws Error in a process that has found other files than process 0, see check_same().
void check_same_files(Group& group, std::uint64_t fingerprint);

}  // namespace bart
