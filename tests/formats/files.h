#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/random/mt19937.h"
#include "places.h"

namespace bart::test {

/// A file of goldens/formats/ (make_formats.py).
inline std::vector<std::uint8_t> format_file(const std::string& name) {
  return read_file(tests_folder() / "goldens" / "formats" / name);
}

/// The error of `decode` for the file, or "" if it accepts the file. Exceptions other than Error pass
/// through.
template <typename Decode>
std::string refusal(Decode decode, std::span<const std::uint8_t> file) {
  try {
    decode(file);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// The bytes with one to four of them in [begin, end) changed, or a few cut out or put in twice.
inline std::vector<std::uint8_t> mutated(std::vector<std::uint8_t> bytes, std::size_t begin, std::size_t end,
                                         Mt19937& random, bool same_size) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random.next()) % n; };
  const int kind = static_cast<int>(below(same_size ? 3 : 5));
  const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(begin + below(end - begin));
  const auto some = static_cast<std::ptrdiff_t>(
      std::min<std::size_t>(1 + below(8), static_cast<std::size_t>(bytes.end() - at)));
  switch (kind) {
    case 3:
      bytes.erase(at, at + some);
      break;
    case 4: {
      const std::vector<std::uint8_t> copy(at, at + some);
      bytes.insert(at, copy.begin(), copy.end());
      break;
    }
    default:
      for (std::size_t i = below(4) + 1; i-- > 0;) {
        std::uint8_t& byte = bytes[begin + below(end - begin)];
        byte = kind == 0   ? static_cast<std::uint8_t>(byte ^ 1u << below(8))
               : kind == 1 ? static_cast<std::uint8_t>(below(256))
                           : static_cast<std::uint8_t>(byte + (below(2) == 0 ? 1 : -1));
      }
  }
  return bytes;
}

}  // namespace bart::test
