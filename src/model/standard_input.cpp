#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <string_view>
#include <system_error>

#include "bart/dataset/read_picture_file.h"
#include "bart/model/picture_files.h"
#include "bart/pictures/picture_format.h"
#include "bart/platform/error.h"
#include "bart/platform/standard_streams.h"

namespace bart {
namespace {

std::string read_standard_input() {
  if (standard_input_was_closed())
    throw Error("cannot read standard input: it is closed; pass a picture or paths to it, or name files");
  std::string bytes;
  char piece[65536];
  for (;;) {
    const ssize_t size = ::read(STDIN_FILENO, piece, sizeof piece);
    if (size == 0) return bytes;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw Error(fmt::format("cannot read standard input: {}", std::strerror(errno)));
    bytes.append(piece, static_cast<std::size_t>(size));
    if (bytes.size() > max_picture_file_bytes)
      throw Error("standard input holds more than a picture file may");
  }
}

/// What Linux says of the file in memory called "stdin.jpg": "/memfd:stdin.jpg (deleted)" (memfd_create(2)).
constexpr std::string_view of_memory = "/memfd:", afterwards = " (deleted)";

/// "stdin.jpg" for a JPEG.
std::string name_for(std::string_view format) {
  std::string ending(format == "JPEG" ? "jpg" : format);
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return fmt::format("stdin.{}", ending);
}

/// A file in memory with these bytes, which lasts as long as the process.
std::string path_to(const std::string& bytes, const std::string& name) {
  const int fd = ::memfd_create(name.c_str(), MFD_CLOEXEC);
  if (fd < 0) throw Error(fmt::format("cannot keep standard input: {}", std::strerror(errno)));
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t size = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (size < 0 && errno != EINTR)
      throw Error(fmt::format("cannot keep standard input: {}", std::strerror(errno)));
    done += static_cast<std::size_t>(std::max<ssize_t>(size, 0));
  }
  return fmt::format("/proc/self/fd/{}", fd);
}

}  // namespace

std::string standard_input_name(const std::filesystem::path& path) {
  std::error_code none;
  if (path.parent_path() != "/proc/self/fd") return {};
  const std::string target = std::filesystem::read_symlink(path, none).string();
  if (!target.starts_with(of_memory) || !target.ends_with(afterwards)) return {};
  return target.substr(of_memory.size(), target.size() - of_memory.size() - afterwards.size());
}

std::vector<std::string> with_standard_input(const std::vector<std::string>& arguments) {
  std::vector<std::string> all;
  bool read = false;
  for (const std::string& argument : arguments) {
    if (argument != "-") {
      all.push_back(argument);
      continue;
    }
    if (read) continue;
    read = true;
    const std::string bytes = read_standard_input();
    const auto* begin = reinterpret_cast<const std::uint8_t*>(bytes.data());
    if (const auto format = picture_format_of({begin, std::min(bytes.size(), picture_format_bytes)})) {
      all.push_back(path_to(bytes, name_for(format->is_read ? format->name : "picture")));
      continue;
    }
    const std::size_t before = all.size();
    std::istringstream lines(bytes);
    for (std::string line; std::getline(lines, line);) {
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty() && line.find('\0') == std::string::npos) all.push_back(line);
    }
    if (all.size() == before) throw Error("standard input holds neither a picture nor the path of one");
  }
  return all;
}

}  // namespace bart
