#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bart {

/// The whole content of a regular file. Throws Error, naming the path and the system's reason; also when the
/// file is larger than `limit` bytes, which is checked before memory is taken.
std::vector<std::uint8_t> read_file(const std::filesystem::path& path,
                                    std::uint64_t limit = std::uint64_t{1} << 32);

/// Replaces `path` by `content`, or leaves it as it was: written to a temporary file beside it, fsynced,
/// renamed, the folder fsynced. Where `path` is a symbolic link, the file it leads to is replaced and the
/// link stays; where a file is replaced, the new one has its permissions. What is no regular file (a device,
/// a FIFO) is written through instead, and so is a descriptor of this process (/dev/stdout, a shell's
/// >(...)). Throws Error, naming the path and the system's reason; also where the file exists and may not be
/// written.
void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> content);
void write_file(const std::filesystem::path& path, std::string_view content);

/// A file that is written piece by piece, for output of any length. The path is understood as write_file()
/// does.
class OutputFile {
 public:
  enum class Appears {
    at_once,     // holds each piece when write() returns: for formats that are lines
    at_the_end,  // complete when finish() returns; until then, what was there before stays
  };
  /// Throws Error, naming the path and the system's reason, as do the others.
  OutputFile(std::filesystem::path path, Appears appears);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view piece);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Adds `content` to the end of `path`, a new file where there was none. For logs whose readers can tell a
/// torn end: what is there already is not touched, but nothing is synced. Throws Error, naming the path and
/// the system's reason; also where `path` is a symbolic link or no regular file.
void append_file(const std::filesystem::path& path, std::span<const std::uint8_t> content);

/// Writes `count` files into the existing `folder`, all of them or (short of a crash between the renames)
/// none: each aside, on `threads` threads, then one sync of the file system for all, then the renames. For
/// thousands of small files, where an fsync each would take longer than everything else. Files that have
/// their content already are left alone: some file systems take milliseconds to replace one. `name(i)` and
/// `content(i)` may be called from any thread.
void write_files(const std::filesystem::path& folder, std::size_t count,
                 const std::function<std::string(std::size_t)>& name,
                 const std::function<std::vector<std::uint8_t>(std::size_t)>& content, int threads);

/// Removes what interrupted writes of `path` left beside it; with a folder's path and a "" after it, of all
/// files in that folder. For the one process that writes there. What cannot be removed stays.
void remove_unfinished(const std::filesystem::path& path);

}  // namespace bart
