#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bart {

/// What became of one picture file.
struct PictureRecord {
  std::uint64_t bytes = 0;    // of the file
  std::int64_t modified = 0;  // its time in nanoseconds since 1970
  std::uint64_t hash = 0;     // of its pixels
  std::uint32_t slot = 0;     // where they lie
  std::int32_t height = 0, width = 0;
  bool broken = false;
  std::string text = {};  // Pillow's mode; of a broken one, the reason
};

struct CachedPicture {
  std::string file;  // "class/name"
  PictureRecord record;
};

/// The table of contents of a cache: what the slots of its pixel file hold.
struct CacheIndex {
  std::string made_with;    // all that the pixels depend on beside the files
  std::uint32_t slots = 0;  // of the pixel file, in use or not; what lies behind them is unfinished
  std::vector<CachedPicture> pictures = {};  // ordered by file
};

/// With a checksum over all of it.
std::vector<std::uint8_t> encode_cache_index(const CacheIndex& index);

/// Throws Error, a reason without the file's name, for bytes that encode_cache_index did not write.
CacheIndex decode_cache_index(std::span<const std::uint8_t> bytes);

}  // namespace bart
