#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace bart {

/// The way of one picture, relative to the folder of the data set, or, for `to` if it is removed, to
/// FOLDER-removed.
struct PictureMove {
  std::string from, to;
  bool removed = false;
};

/// What decisions mean for a folder, written before the first picture is moved, so that it can be finished
/// and undone after a crash.
struct Journal {
  enum class State { applying, applied, undoing, undone };
  State state = State::applying;
  std::size_t kept = 0;
  std::vector<PictureMove> moves;
  std::vector<std::string> created;  // folders that were made in the folder of the data set, parents first
};

std::string encode_journal(const Journal& journal);

/// Throws Error when `path` is not such a journal, or when a path in it leads out of its folder.
Journal read_journal(const std::filesystem::path& path);

/// Whether it names something below a folder: relative, without "." and ".." and empty parts.
bool stays_inside(const std::string& path);

}  // namespace bart
