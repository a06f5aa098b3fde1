#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bart {

/// A file that a command is to write, and the flag that names it.
struct Output {
  std::string_view flag;  // "--csv"
  std::filesystem::path path;
};

/// Throws UsageError if writing one of `outputs` would replace one of `inputs`, by whatever name. Every
/// command that writes calls this with all that it reads. An output that is empty or "-" replaces nothing;
/// the input "-" is standard input, which may come from a file.
void check_replaces_no_input(std::span<const Output> outputs, std::span<const std::filesystem::path> inputs);

/// Throws UsageError if the ending of `output` belongs to a format other than `format`, whose own endings are
/// `endings` (".csv"). Unknown endings are allowed, and so is none.
void check_ending(const Output& output, std::string_view format,
                  const std::vector<std::string_view>& endings);

/// What can be known before anything is read: throws UsageError where `output` is a folder, and Error where
/// it may not be written or the folder that it is to lie in is not there. An empty path and "-" can be
/// written.
void check_can_write(const Output& output);

/// The same for a folder that files are to be written into, and that need not exist yet.
void check_can_write_into(const Output& output);

/// For files whose names the user did not choose: throws Error where a pipe, a device or a socket is there,
/// which keeps nothing and may never take what is written.
void check_keeps(std::span<const Output> outputs);

/// A file whose name the user did not choose, and which a command is about to replace: what is there is kept
/// beside it, "results.earlier.json" for "results.json", unless it turns out to be the same. An earlier file
/// that BART wrote makes way for it; of one that it did not write the name is left alone, and the next one
/// that is free is taken (earlier_name()). An output that the user named is replaced.
class EarlierOutput {
 public:
  enum class Replaced { as_a_whole, in_place };
  /// Nothing to keep.
  EarlierOutput() = default;
  /// `output`, which is remembered as BART's own when it is written. Throws Error.
  EarlierOutput(std::filesystem::path output, Replaced how);
  ~EarlierOutput();  // as keep(), for a command that failed
  EarlierOutput(const EarlierOutput&) = delete;
  EarlierOutput& operator=(const EarlierOutput&) = delete;
  /// When the new file is written: keeps the earlier one. Returns the sentence that says so; empty where
  /// there was none or the same. Throws Error.
  std::string keep();

 private:
  std::filesystem::path output_;  // empty: nothing to do
  std::filesystem::path
      second_;       // name of the earlier file until it is kept; empty: there is nothing to keep
  bool own_ = true;  // what was there is BART's own
};

/// The ending of a path in lower case, with its dot.
std::string ending_of(const std::filesystem::path& path);

/// Writes `text` to the output, "-" being stdout, which is flushed. Does nothing for an empty path. Throws
/// Error with the reason.
void write_output(const std::filesystem::path& path, std::string_view text);
void write_output(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

/// Where a command says what it has written to `path`: stdout, or stderr if the output may go there itself.
std::FILE* told_beside(const std::filesystem::path& path);

}  // namespace bart
