#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace bart {

/// Where what is written to a path goes.
struct OutputPlace {
  /// Of this process, which the path names: /dev/stdout, /dev/fd/63 of a shell's >(...). Else -1.
  int descriptor = -1;
  /// Whether `file` exists and is no regular file: a device, a FIFO, a socket, a folder.
  bool special = false;
  /// The path with the links of its last component followed, up to a name that need not exist.
  std::filesystem::path file;
  /// Permissions, user and group of the regular file that is there, absent where there is none.
  struct Owner {
    mode_t mode;
    uid_t user;
    gid_t group;
  };
  std::optional<Owner> existing;
};

/// Throws Error where the links go in a circle, or where there is a file that may not be written.
OutputPlace output_place(const std::filesystem::path& path);

}  // namespace bart
