// write_mutations OUT COUNT SEED FOLDER...: COUNT files in OUT, each a mutation of one of the pictures in and
// below the folders. The same arguments and pictures give the same files.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "bart/pictures/decode.h"
#include "bart/platform/files.h"
#include "pictures/mutated.h"

namespace fs = std::filesystem;

int main(int argc, char** argv) try {
  if (argc < 5) {
    std::fprintf(stderr, "usage: write_mutations OUT COUNT SEED FOLDER...\n");
    return 2;
  }
  const fs::path out = argv[1];
  const int count = std::stoi(argv[2]);
  std::mt19937 generator(static_cast<std::uint32_t>(std::stoul(argv[3])));
  std::vector<fs::path> sources;
  for (int i = 4; i < argc; ++i) {
    for (const auto& entry : fs::recursive_directory_iterator(argv[i])) {
      if (entry.is_regular_file() && bart::has_picture_extension(entry.path().string()))
        sources.push_back(entry.path());
    }
  }
  std::sort(sources.begin(), sources.end());
  if (sources.empty()) throw bart::Error("no pictures in these folders");
  fs::create_directories(out);
  for (int i = 0; i < count; ++i) {
    const fs::path source = sources[generator() % sources.size()];
    const fs::path other = sources[generator() % sources.size()];
    const auto file = bart::test::mutated(bart::read_file(source), bart::read_file(other), generator);
    // Not bart::write_file: nobody needs these to survive a power cut.
    const std::string name = (out / (std::to_string(i) + source.extension().string())).string();
    std::FILE* stream = std::fopen(name.c_str(), "wb");
    const bool written = stream != nullptr && std::fwrite(file.data(), 1, file.size(), stream) == file.size();
    if (stream == nullptr || std::fclose(stream) != 0 || !written) throw bart::Error("cannot write " + name);
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
