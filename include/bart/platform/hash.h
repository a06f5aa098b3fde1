#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace bart {

/// A 64-bit hash that tells contents apart and recognizes torn files: XXH3 (https://xxhash.com), the same on
/// every machine. It does not protect from somebody who wants two contents to look alike.
std::uint64_t hash_of(std::span<const std::uint8_t> bytes, std::uint64_t seed = 0);

/// The hash that a text of 16 hexadecimal digits tells; nothing for another text.
std::optional<std::uint64_t> hash_in(std::string_view text);

}  // namespace bart
