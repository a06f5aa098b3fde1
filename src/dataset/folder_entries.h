#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bart {

struct FolderEntry {
  std::string name;
  std::filesystem::file_type
      type;  // of what a link leads to; not_found or none for a link that leads nowhere
  bool link = false;
};

/// Everything in `folder`, in the order of Python's sorted(): bytes of UTF-8 sort like code points. Throws
/// Error when the folder cannot be read.
std::vector<FolderEntry> entries_of(const std::filesystem::path& folder);

/// Device and inode of a file or folder, by whatever name.
using Identity = std::pair<dev_t, ino_t>;

/// That of what `path` leads to, through links, too; nothing if it leads nowhere.
std::optional<Identity> identity_of(const std::filesystem::path& path);

/// A link that leads nowhere is listed too: reading it gives the reason.
bool may_be_picture(std::filesystem::file_type type);

}  // namespace bart
