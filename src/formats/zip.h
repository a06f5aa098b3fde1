#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace bart {

/// One file of a zip archive. `data` are the bytes in the archive, compressed or not.
struct ZipEntry {
  std::string_view name;
  bool deflated;
  std::uint64_t size;
  std::uint32_t crc;
  std::span<const std::uint8_t> data;
};

/// The entries of a zip archive, in the order of its directory; views into `file`. Strict, as for a file from
/// a stranger: Throws Error when anything lies outside the file or the directory and the files disagree, when
/// entries overlap or share a name, are encrypted or compressed otherwise than by deflate, or together expand
/// to more than twenty times the file (and 64 MiB).
std::vector<ZipEntry> read_zip_directory(std::span<const std::uint8_t> file);

/// The content of an entry, checked against its CRC: within the archive where it is stored, otherwise
/// inflated into `buffer`.
std::span<const std::uint8_t> read_zip_entry(const ZipEntry& entry, std::vector<std::uint8_t>& buffer);

}  // namespace bart
