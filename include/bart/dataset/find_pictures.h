#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bart {

/// A file or folder that was not taken for a picture.
struct PassedOver {
  std::string path;    // relative to the folder that was looked into; a folder's ends with "/"
  std::string reason;  // fits after a count: "hidden", "not pictures by their ending", …
};

/// The picture files of a folder.
struct FoundPictures {
  std::vector<std::string> files;  // relative to the folder, in code point order
  std::vector<PassedOver> passed_over;
  std::vector<std::string> warnings;  // a sentence each: folders that cannot be read, links that lead back
};

/// The reason why all commands pass over a file or folder with this name, if there is one: hidden (a leading
/// dot, which includes AppleDouble's `._*` and `.DS_Store`), a file or folder of the operating system
/// (`Thumbs.db`, `desktop.ini`, `__MACOSX`, `@eaDir`, …), the original's `simpsons_dataset`, and for files an
/// ending that no picture has (`.txt`, `.json`, `.mp4`, …) or of unfinished and earlier files
/// (`.part`, `.tmp`, `.bak`, `~`, …). Files with unknown endings or without one
/// count as pictures until they are read.
std::optional<std::string_view> why_passed_over(std::string_view name, bool is_folder);

/// Finds what may be a picture in `folder` and, with `recursive`, in all folders below it. Links to files and
/// folders are followed, but no folder is visited twice: a link that leads back is passed over, with a
/// warning, and so is a sub-folder that cannot be read. A link that leads nowhere counts as a picture;
/// reading it gives the reason. Pipes, sockets and devices are passed over. Throws Error when `folder` itself
/// cannot be read.
FoundPictures find_pictures(const std::filesystem::path& folder, bool recursive);

/// "Passed over 7 files and folders: 5 not pictures by their ending, 2 hidden". Empty for none.
std::string passed_over_sentence(const std::vector<PassedOver>& passed_over);

}  // namespace bart
