// The records of a training that bart report and bart compare read: run.json up to the first zero byte,
// steps.csv after it. Both lie in a folder, which is made once.
#include "bart/record/run_record.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "bart/platform/error.h"
#include "bart/record/epoch_figures.h"
#include "require.h"

namespace {

namespace fs = std::filesystem;

/// In memory, if there is a writable file system in memory.
fs::path made_folder() {
  std::string pattern = (::access("/dev/shm", W_OK) == 0 ? fs::path("/dev/shm") : fs::temp_directory_path()) /
                        "fuzz-run-XXXXXX";
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

struct Folder {
  fs::path path = made_folder();
  ~Folder() { fs::remove_all(path); }
};

void write(const fs::path& path, std::span<const std::uint8_t> bytes) {
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  const std::uint8_t* const end = std::find(data, data + size, 0);
  write(folder.path / "run.json", {data, end});
  write(folder.path / "steps.csv", {end == data + size ? end : end + 1, data + size});
  try {
    const bart::RunRecord run = bart::read_run(folder.path).record;
    REQUIRE(!bart::history_csv(run.epochs).empty() && !bart::history_json(run.epochs).empty());
    // What was read is written, and read again, as the same.
    const std::string text = bart::encode_run_record(run);
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    REQUIRE(bart::encode_run_record(bart::decode_run_record(bytes)) == text);
  } catch (const bart::Error& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
