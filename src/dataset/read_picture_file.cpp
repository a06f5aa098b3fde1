#include "bart/dataset/read_picture_file.h"

#include <fmt/format.h>

#include <optional>

#include "bart/pictures/decode.h"
#include "bart/pictures/picture_format.h"
#include "bart/platform/files.h"

namespace bart {
namespace {

constexpr std::uint64_t large = 1 << 20;

/// Refuses a large file that is not a picture. Errors of opening and reading are left to read_file().
void check_large_file(const std::filesystem::path& path) {
  const std::optional<FileStart> start = start_of_larger_file(path, large, picture_format_bytes);
  if (!start) return;
  const auto format = picture_format_of(start->bytes);
  if (!format || !format->is_read)
    decode_picture(start->bytes);  // throws the same reason as for the whole file
  if (start->size > max_picture_file_bytes) {
    throw PictureError(fmt::format("a file of {:.1f} GB: pictures of at most {:.1f} GB are read",
                                   1e-9 * static_cast<double>(start->size),
                                   1e-9 * static_cast<double>(max_picture_file_bytes)));
  }
}

}  // namespace

std::vector<std::uint8_t> read_picture_file(const std::filesystem::path& path) {
  check_large_file(path);
  return read_file(path, max_picture_file_bytes);
}

}  // namespace bart
