#include "bart/platform/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace bart {

std::uint64_t hash_of(std::span<const std::uint8_t> bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace bart
