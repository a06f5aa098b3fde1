#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "checked.h"

namespace bart {

/// The first directory of a TIFF structure (a TIFF file, or the block that EXIF is), read as leniently as
/// Pillow's ImageFileDirectory_v2 reads it: of two entries of one tag the first counts, values that lie
/// elsewhere must fit in the file, and a read past the end of the file ends the directory.
class TiffDirectory {
 public:
  explicit TiffDirectory(Bytes file);

  bool found() const { return found_; }
  bool little_endian() const { return little_; }
  bool has(std::uint32_t tag) const { return values_.contains(tag); }

  /// The values of a tag as whole numbers; empty where the tag is missing or of a type without whole numbers.
  std::vector<std::int64_t> numbers(std::uint32_t tag) const;

  /// The first of them, or `otherwise`.
  std::int64_t number(std::uint32_t tag, std::int64_t otherwise) const;

  /// The bytes of a tag of any type.
  Bytes bytes(std::uint32_t tag) const;

 private:
  struct Value {
    std::uint32_t type;
    Bytes bytes;
  };
  std::uint64_t unsigned_at(Bytes bytes, std::size_t at, std::size_t size) const;
  void read(Bytes file);

  bool little_ = false;
  bool big_ = false;  // BigTIFF: counts and offsets of 64 bits
  bool found_ = false;
  std::map<std::uint32_t, Value> values_;
};

}  // namespace bart
