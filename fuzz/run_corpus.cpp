// Replaces libFuzzer if the compiler has none: runs a target over files, and over all files in folders.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "bart/platform/files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

int files = 0;

void run(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> file = bart::read_file(path);
  std::printf("%s\n", path.c_str());  // the last line before a crash names its file
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(file.data(), file.size());
  ++files;
}

}  // namespace

int main(int argc, char** argv) try {
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      run(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (entry.is_regular_file()) run(entry.path());
    }
  }
  if (files == 0) {
    std::fprintf(stderr, "no files: name files or folders\n");
    return 1;
  }
  std::printf("%d files\n", files);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
