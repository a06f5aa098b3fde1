#include "bart/dataset/read_picture_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <span>

#include "bart/pictures/decode.h"
#include "bart/pictures/picture_format.h"
#include "bart/platform/files.h"

namespace bart {
namespace {

constexpr std::uint64_t large = 1 << 20;

/// Refuses a large file that is not a picture. Errors of opening and reading are left to read_file().
void check_large_file(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size <= large) return;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO may have taken its place
  if (fd < 0) return;
  std::array<std::uint8_t, picture_format_bytes> first{};
  const ssize_t got = ::pread(fd, first.data(), first.size(), 0);
  ::close(fd);
  if (got <= 0) return;
  const std::span<const std::uint8_t> bytes(first.data(), static_cast<std::size_t>(got));
  const auto format = picture_format_of(bytes);
  if (!format || !format->is_read) decode_picture(bytes);  // throws the same reason as for the whole file
  if (size > max_picture_file_bytes) {
    throw PictureError(fmt::format("a file of {:.1f} GB: pictures of at most {:.1f} GB are read",
                                   1e-9 * static_cast<double>(size),
                                   1e-9 * static_cast<double>(max_picture_file_bytes)));
  }
}

}  // namespace

std::vector<std::uint8_t> read_picture_file(const std::filesystem::path& path) {
  check_large_file(path);
  return read_file(path, max_picture_file_bytes);
}

}  // namespace bart
