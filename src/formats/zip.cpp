// The format: PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3 (zip64).
#include "zip.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "bart/platform/error.h"
#include "bart/platform/fuzzing.h"
#include "message.h"
#include "pickle.h"

namespace bart {
namespace {

constexpr std::uint64_t end_size = 22, zip64_end_size = 56, zip64_locator_size = 20, central_size = 46,
                        local_size = 30;
constexpr std::uint64_t max_comment = 0xffff;
constexpr std::uint64_t max_expansion = 20, always_allowed = std::uint64_t{built_for_fuzzing ? 4 : 64} << 20;

struct Directory {
  std::uint64_t entries, size, offset;
};

/// Little-endian fields of a file, each read checked against its end.
class Fields {
 public:
  explicit Fields(std::span<const std::uint8_t> file) : file_(file) {}

  std::span<const std::uint8_t> bytes(std::uint64_t offset, std::uint64_t size) const {
    if (offset > file_.size() || size > file_.size() - offset) {
      throw Error("the zip archive points beyond its end: the file is cut off or damaged");
    }
    return file_.subspan(offset, size);
  }
  std::uint64_t get(std::uint64_t offset, int size) const {
    std::uint64_t value = 0;
    for (int i = 0; const std::uint8_t byte : bytes(offset, static_cast<std::uint64_t>(size))) {
      value |= std::uint64_t{byte} << (8 * i++);
    }
    return value;
  }
  std::uint64_t u16(std::uint64_t offset) const { return get(offset, 2); }
  std::uint64_t u32(std::uint64_t offset) const { return get(offset, 4); }
  std::uint64_t u64(std::uint64_t offset) const { return get(offset, 8); }
  std::uint64_t size() const { return file_.size(); }

 private:
  std::span<const std::uint8_t> file_;
};

/// The end record must be followed by exactly its comment.
std::uint64_t find_end(const Fields& file) {
  for (std::uint64_t back = end_size; back <= std::min(file.size(), end_size + max_comment); ++back) {
    const std::uint64_t offset = file.size() - back;
    if (file.u32(offset) == 0x06054b50 && file.u16(offset + 20) == back - end_size) return offset;
  }
  throw Error("the zip archive has no end: the file is cut off or damaged");
}

Directory find_directory(const Fields& file) {
  const std::uint64_t end = find_end(file);
  Directory directory{file.u16(end + 10), file.u32(end + 12), file.u32(end + 16)};
  std::uint64_t limit = end;
  if (end >= zip64_locator_size && file.u32(end - zip64_locator_size) == 0x07064b50) {
    const std::uint64_t end64 = file.u64(end - zip64_locator_size + 8);
    if (file.bytes(end64, zip64_end_size).data() == nullptr || file.u32(end64) != 0x06064b50) {
      throw Error("the zip archive's zip64 record is not where it should be: the file is damaged");
    }
    directory = {file.u64(end64 + 32), file.u64(end64 + 40), file.u64(end64 + 48)};
    limit = end64;
  }
  if (directory.offset > limit || directory.size > limit - directory.offset ||
      directory.entries > directory.size / central_size) {
    throw Error("the zip archive's directory is larger than its place: the file is damaged");
  }
  return directory;
}

/// The sizes and the offset of a directory entry where they are too large for 32 bits.
void read_zip64(const Fields& file, std::uint64_t extra, std::uint64_t extra_size,
                std::initializer_list<std::uint64_t*> fields) {
  if (std::none_of(fields.begin(), fields.end(), [](const std::uint64_t* f) { return *f == 0xffffffff; }))
    return;
  for (std::uint64_t at = extra; at + 4 <= extra + extra_size; at += 4 + file.u16(at + 2)) {
    if (file.u16(at) != 1) continue;
    std::uint64_t value = at + 4;
    const std::uint64_t end = std::min(value + file.u16(at + 2), extra + extra_size);
    for (std::uint64_t* field : fields) {
      if (*field != 0xffffffff) continue;
      if (value + 8 > end) throw Error("the zip archive lacks a zip64 size: the file is damaged");
      *field = file.u64(value);
      value += 8;
    }
    return;
  }
}

std::string_view text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads the directory entry at `at`, moves `at` past it, and appends where the entry's file begins and ends.
ZipEntry read_entry(const Fields& file, const Directory& directory, std::uint64_t& at,
                    std::vector<std::pair<std::uint64_t, std::uint64_t>>& extents) {
  if (file.u32(at) != 0x02014b50) throw Error("the zip archive's directory is damaged");
  const std::uint64_t flags = file.u16(at + 8), method = file.u16(at + 10);
  const auto crc = static_cast<std::uint32_t>(file.u32(at + 16));
  std::uint64_t packed = file.u32(at + 20), size = file.u32(at + 24), offset = file.u32(at + 42);
  const std::uint64_t name_size = file.u16(at + 28), extra_size = file.u16(at + 30),
                      comment = file.u16(at + 32);
  const std::string_view name = text(file.bytes(at + central_size, name_size));
  file.bytes(at + central_size + name_size, extra_size + comment);
  read_zip64(file, at + central_size + name_size, extra_size, {&size, &packed, &offset});
  at += central_size + name_size + extra_size + comment;

  if ((flags & 1) != 0) throw Error(fmt::format("the zip entry '{}' is encrypted", in_message(name)));
  if (method != 0 && method != 8) {
    throw Error(
        fmt::format("the zip entry '{}' is compressed by method {}; only stored and deflated ones are read",
                    in_message(name), method));
  }
  file.bytes(offset, local_size);
  const std::uint64_t data = offset + local_size + file.u16(offset + 26) + file.u16(offset + 28);
  if (file.u32(offset) != 0x04034b50 ||
      text(file.bytes(offset + local_size, file.u16(offset + 26))) != name ||
      file.u16(offset + 8) != method) {
    throw Error(fmt::format("the zip entry '{}' is not where the directory says: the file is damaged",
                            in_message(name)));
  }
  const auto content = file.bytes(data, packed);
  if (data + packed > directory.offset || (method == 0 && packed != size)) {
    throw Error(fmt::format("the zip entry '{}' lies about its size: the file is damaged", in_message(name)));
  }
  extents.emplace_back(offset, data + packed);
  return {name, method == 8, size, crc, content};
}

}  // namespace

std::vector<ZipEntry> read_zip_directory(std::span<const std::uint8_t> bytes) {
  const Fields file(bytes);
  const Directory directory = find_directory(file);
  std::vector<ZipEntry> entries;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> extents;
  std::uint64_t at = directory.offset, expanded = 0;
  const std::uint64_t allowed = std::max(always_allowed, max_expansion * file.size());
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    entries.push_back(read_entry(file, directory, at, extents));
    if (entries.back().size > allowed - expanded) {
      throw Error(fmt::format("the zip archive of {} bytes expands to more than {}: it is refused",
                              file.size(), allowed));
    }
    expanded += entries.back().size;
  }
  if (at != directory.offset + directory.size)
    throw Error("the zip archive's directory lies about its size: the file is damaged");

  std::sort(extents.begin(), extents.end());
  for (std::size_t i = 1; i < extents.size(); ++i) {
    if (extents[i].first < extents[i - 1].second)
      throw Error("the zip archive has entries that overlap: it is refused");
  }
  std::vector<std::string_view> names;
  for (const ZipEntry& entry : entries) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end())
    throw Error(fmt::format("the zip archive has two entries '{}': it is refused", in_message(*twice)));
  return entries;
}

std::span<const std::uint8_t> read_zip_entry(const ZipEntry& entry, std::vector<std::uint8_t>& buffer) {
  std::span<const std::uint8_t> content = entry.data;
  if (entry.deflated) {
    buffer.resize(entry.size);
    const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> inflate(
        libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
    // Without a place for the size that came out, libdeflate insists on exactly the one given.
    if (!inflate ||
        libdeflate_deflate_decompress(inflate.get(), entry.data.data(), entry.data.size(), buffer.data(),
                                      buffer.size(), nullptr) != LIBDEFLATE_SUCCESS) {
      throw Error(fmt::format("the zip entry '{}' does not inflate to its {} bytes: the file is damaged",
                              in_message(entry.name), entry.size));
    }
    content = buffer;
  }
  if (libdeflate_crc32(0, content.data(), content.size()) != entry.crc && !built_for_fuzzing) {
    throw Error(fmt::format("the zip entry '{}' does not match its checksum: the file is damaged",
                            in_message(entry.name)));
  }
  return content;
}

}  // namespace bart
