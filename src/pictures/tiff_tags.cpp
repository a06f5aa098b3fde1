#include "tiff_tags.h"

namespace bart {
namespace {

// The bytes of a value of a TIFF type; 0 for unknown types.
std::uint64_t size_of_type(std::uint32_t type) {
  static constexpr std::uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8};
  return type < std::size(sizes) ? sizes[type] : 0;
}

}  // namespace

TiffDirectory::TiffDirectory(Bytes file) {
  little_ = starts_with(file, "II");
  if ((!little_ && !starts_with(file, "MM")) || file.size() < 8) return;
  big_ = file[2] == 43 || file[3] == 43;
  read(file);
}

std::uint64_t TiffDirectory::unsigned_at(Bytes bytes, std::size_t at, std::size_t size) const {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[at + (little_ ? size - 1 - i : i)];
  return value;
}

void TiffDirectory::read(Bytes file) {
  const std::size_t word = big_ ? 8 : 4, count_size = big_ ? 8 : 2, entry_size = big_ ? 20 : 12;
  if (file.size() < (big_ ? 16u : 8u)) return;
  const Bytes directory = slice(file, unsigned_at(file, big_ ? 8 : 4, word));
  if (directory.size() < count_size) return;
  found_ = true;
  const std::uint64_t entries = unsigned_at(directory, 0, count_size);
  std::uint64_t outside = 0;
  for (std::uint64_t i = 0; i < entries; ++i) {
    const Bytes entry = slice(directory, count_size + entry_size * i, entry_size);
    if (entry.size() < entry_size) return;
    const std::uint32_t tag = std::uint32_t(unsigned_at(entry, 0, 2)),
                        type = std::uint32_t(unsigned_at(entry, 2, 2));
    const std::uint64_t count = unsigned_at(entry, 4, word);
    if (values_.contains(tag) || size_of_type(type) == 0 || count == 0) continue;
    if (count > file.size()) continue;  // larger than the file in any type
    const std::uint64_t size = size_of_type(type) * count;
    Bytes bytes = slice(entry, 4 + word, size);
    if (size > word) {
      outside += size;
      if (outside > file.size()) continue;
      bytes = slice(file, unsigned_at(entry, 4 + word, word), size);
      if (bytes.size() < size) return;
    }
    values_[tag] = {type, bytes};
  }
}

Bytes TiffDirectory::bytes(std::uint32_t tag) const {
  const auto found = values_.find(tag);
  return found == values_.end() ? Bytes() : found->second.bytes;
}

std::vector<std::int64_t> TiffDirectory::numbers(std::uint32_t tag) const {
  const auto found = values_.find(tag);
  std::vector<std::int64_t> numbers;
  if (found == values_.end()) return numbers;
  const auto [type, bytes] = found->second;
  const bool is_signed = type == 6 || type == 8 || type == 9;
  if (!is_signed && type != 3 && type != 4 && type != 13 && type != 16) return numbers;
  const std::size_t size = size_of_type(type);
  for (std::size_t at = 0; at + size <= bytes.size(); at += size) {
    const std::uint64_t value = unsigned_at(bytes, at, size);
    const unsigned unused = 64 - 8 * unsigned(size);
    numbers.push_back(is_signed ? std::int64_t(value << unused) >> unused : std::int64_t(value));
  }
  return numbers;
}

std::int64_t TiffDirectory::number(std::uint32_t tag, std::int64_t otherwise) const {
  const std::vector<std::int64_t> all = numbers(tag);
  return all.empty() ? otherwise : all[0];
}

}  // namespace bart
