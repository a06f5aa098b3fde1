#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bart {

/// The result of reading one picture file.
struct PictureRecord {
  std::uint64_t bytes = 0;    // of the file
  std::int64_t modified = 0;  // time of its last change, in nanoseconds since 1970
  std::uint64_t hash = 0;     // of its pixels
  std::uint32_t slot = 0;     // their place in the pixel file
  std::int32_t height = 0, width = 0;
  bool broken = false;
  std::string text = {};  // Pillow's mode; for a broken file the reason
};

struct CachedPicture {
  std::string file;  // "class/name"
  PictureRecord record;
};

/// The table of contents of a cache: what the slots of its pixel file hold.
struct CacheIndex {
  std::string made_with;    // the versions that the pixels depend on
  std::uint32_t slots = 0;  // in the pixel file, used or not; what follows them is unfinished
  std::vector<CachedPicture> pictures = {};  // ordered by file
};

/// The bytes of the index, with a checksum over all of them.
std::vector<std::uint8_t> encode_cache_index(const CacheIndex& index);

/// Throws Error, a reason without the file's name, for bytes that encode_cache_index did not write.
CacheIndex decode_cache_index(std::span<const std::uint8_t> bytes);

}  // namespace bart
