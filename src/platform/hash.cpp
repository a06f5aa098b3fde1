#include "bart/platform/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <charconv>
#include <system_error>

namespace bart {

std::uint64_t hash_of(std::span<const std::uint8_t> bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::optional<std::uint64_t> hash_in(std::string_view text) {
  std::uint64_t hash = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, hash, 16);
  if (text.size() != 16 || failed != std::errc() || stop != end) return std::nullopt;
  return hash;
}

}  // namespace bart
