#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "scratch_folder.h"

namespace bart {

using test::ScratchFolder;

struct BartResult {
  int code;  // exit code; 128 + the signal where one ended it
  std::string out;
  std::string err;
};

/// Runs the program as a user would, in `folder`, with stdout and stderr as files (so without a terminal).
/// With a `file_size_limit`, no file may grow past so many bytes: what a full disk does to a write.
BartResult run_bart(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
                    std::uint64_t file_size_limit = 0);

std::string file_text(const std::filesystem::path& path);

}  // namespace bart
