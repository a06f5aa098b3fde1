#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace bart {

/// The whole content of a regular file. Throws Error with the path and the system's reason, also when the
/// file is larger than `limit` bytes, which is checked before memory is taken.
std::vector<std::uint8_t> read_file(const std::filesystem::path& path,
                                    std::uint64_t limit = std::uint64_t{1} << 30);

struct FileStart {
  std::uint64_t size = 0;           // of the whole file, in bytes
  std::vector<std::uint8_t> bytes;  // the first ones
};
/// The first bytes of a regular file, at most `most`, if it has more than `size`: whether it is what it
/// should be is known before it takes memory. Nothing for other files and for what cannot be read, of which
/// read_file() gives the reason.
std::optional<FileStart> start_of_larger_file(const std::filesystem::path& path, std::uint64_t size,
                                              std::size_t most);

/// Replaces `path` by `content`, or leaves it as it was: the content is written to a temporary file beside
/// it, which is fsynced and renamed, and then the folder is fsynced. If `path` is a symbolic link, the file
/// that it leads to is replaced and the link stays. A new file gets the permissions of the one that it
/// replaces. Anything but a regular file (a device, a FIFO) is written directly, and so is a descriptor of
/// this process (/dev/stdout, a shell's >(...)). Throws Error with the path and the system's reason, also if
/// the file exists and may not be written.
void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> content);
void write_file(const std::filesystem::path& path, std::string_view content);

/// A file that is written piece by piece, for output of any length. The path means the same as for
/// write_file().
class OutputFile {
 public:
  enum class Appears {
    at_once,     // holds each piece when write() returns: for formats made of lines
    at_the_end,  // is complete when finish() returns; until then the earlier file stays
  };
  /// Throws Error with the path and the system's reason, as the other functions do.
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

/// Appends `content` to the file `path`, which is created if there is none. For logs whose readers recognize
/// a torn end: what is already in the file stays untouched, but nothing is synced. Throws Error with the path
/// and the system's reason, also if `path` is a symbolic link or anything but a regular file.
void append_file(const std::filesystem::path& path, std::span<const std::uint8_t> content);

/// Writes `count` files into the existing `folder`, all of them or (unless the machine crashes between the
/// renames) none: each to a temporary file, on `threads` threads, then the file system is synced once, then
/// all are renamed. For thousands of small files, for which one fsync per file would take longer than
/// everything else. Files that already have their content are left alone, because some file systems take
/// milliseconds to replace one. A file keeps its permissions, and one that may not be written is an error; a
/// link is replaced, not followed. `name(i)` and `content(i)` may be called from any thread.
void write_files(const std::filesystem::path& folder, std::size_t count,
                 const std::function<std::string(std::size_t)>& name,
                 const std::function<std::vector<std::uint8_t>(std::size_t)>& content, int threads);

/// Creates a file in the folder and removes it. Returns the system's reason if that fails: permissions alone
/// do not tell it, for a quota may be used up, and a network's file system may know better.
std::error_code try_to_create_in(const std::filesystem::path& folder);

/// Removes what interrupted writes of `path` left beside it; for a path that ends with a slash, what
/// interrupted writes of any file in that folder left. Only for the one process that writes there. What
/// cannot be removed stays.
void remove_unfinished(const std::filesystem::path& path);

}  // namespace bart
