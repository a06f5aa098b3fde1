#include "bart/platform/own_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <string>
#include <string_view>

namespace bart {
namespace {

namespace fs = std::filesystem;

constexpr const char* attribute = "user.bart.written";

/// What changes when somebody writes into the file, and stays when it is renamed or gets a second name.
std::string state_of(const struct stat& status) {
  return fmt::format("{} {}.{:09}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

}  // namespace

void mark_as_own(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const std::string state = state_of(status);
  [[maybe_unused]] const int unmarked = ::setxattr(file.c_str(), attribute, state.data(), state.size(), 0);
}

bool is_own(const fs::path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  std::array<char, 64> state;
  const ssize_t length = ::lgetxattr(file.c_str(), attribute, state.data(), state.size());
  return length >= 0 && std::string_view(state.data(), static_cast<std::size_t>(length)) == state_of(status);
}

fs::path earlier_name(const fs::path& file) {
  for (int n = 1;; ++n) {
    const std::string number = n == 1 ? "" : fmt::format("-{}", n);
    fs::path name =
        file.parent_path() / (file.stem().string() + ".earlier" + number + file.extension().string());
    std::error_code none;
    if (!fs::exists(fs::symlink_status(name, none)) || is_own(name)) return name;
  }
}

}  // namespace bart
