#pragma once

#include <cstdint>
#include <span>

namespace bart {

/// 64 bits that tell contents apart and torn files from whole ones: XXH3 (https://xxhash.com), the same on
/// every machine. No protection from somebody who wants two contents to look alike.
std::uint64_t hash_of(std::span<const std::uint8_t> bytes, std::uint64_t seed = 0);

}  // namespace bart
