#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bart {

/// Tells which picture files arrive in a folder, by Linux's inotify(7). A file arrives when whoever wrote it
/// closes it, when it is renamed or linked into the folder, or when it is there already at the start. A file
/// that is written again arrives again. The names that find_pictures() passes over never arrive, among them
/// those that programs give to unfinished files.
///
/// inotify does not see what another machine writes into a network file system.
class FolderWatch {
 public:
  /// With `recursive` the sub-folders are watched too, also those that are made later. What lies at one of
  /// the paths `left_out`, or below it, is not looked at. `warning` gets a sentence about each sub-folder
  /// that may not be read. Throws Error when the folder itself cannot be watched.
  FolderWatch(std::filesystem::path folder, bool recursive, std::vector<std::filesystem::path> left_out = {},
              std::function<void(const std::string&)> warning = {});
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  /// The files that have arrived since the last call, relative to the folder, in the order in which they
  /// came. The first call returns what was there at the start, without files that are still being written.
  /// Returns an empty list when nothing arrives in that time, or when a signal comes. Throws Error when the
  /// folder was removed or renamed.
  std::vector<std::string> wait(int milliseconds);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bart
