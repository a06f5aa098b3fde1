#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace bart {

/// Where the output for a path goes.
struct OutputPlace {
  /// The descriptor of this process that the path names (/dev/stdout, /dev/fd/63 of a shell's >(...)), else
  /// -1.
  int descriptor = -1;
  /// Whether `file` exists and is not a regular file but a device, a FIFO, a socket or a folder.
  bool special = false;
  /// The path after following the links of its last component. The file need not exist.
  std::filesystem::path file;
  /// Permissions, owner and group of the regular file that is there; absent if there is none.
  struct Owner {
    mode_t mode;
    uid_t user;
    gid_t group;
  };
  std::optional<Owner> existing;
};

/// Throws Error if the links form a circle, or if there is a file that may not be written.
OutputPlace output_place(const std::filesystem::path& path);

}  // namespace bart
