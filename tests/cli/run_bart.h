#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bart {

struct BartResult {
  int code;  // exit code; 128 + the signal where one ended it
  std::string out;
  std::string err;
};

/// Runs the program as a user would, in `folder`, with stdout and stderr as files (so without a terminal).
/// With a `file_size_limit`, no file may grow past so many bytes: what a full disk does to a write.
BartResult run_bart(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
                    std::uint64_t file_size_limit = 0);

/// A fresh folder, removed with everything in it at the end of its scope.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string file_text(const std::filesystem::path& path);

}  // namespace bart
