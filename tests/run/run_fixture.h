#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/platform/files.h"
#include "bart/run/run.h"
#include "bart/sample/sample.h"
#include "scratch_folder.h"
#include "wild_model.h"

namespace bart {

namespace fs = std::filesystem;

inline std::vector<std::uint8_t> bytes_of(const fs::path& path) {
  return fs::exists(path) ? read_file(path) : std::vector<std::uint8_t>();
}

/// The contents of a folder, except files that depend on the time.
inline std::map<std::string, std::vector<std::uint8_t>> contents_of(const fs::path& folder) {
  std::map<std::string, std::vector<std::uint8_t>> contents;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).string();
    const bool volatile_name = name.find("events.") != std::string::npos || name.ends_with("lock");
    if (entry.is_regular_file() && !volatile_name) contents[name] = read_file(entry.path());
  }
  return contents;
}

class RunTest : public testing::Test {
 protected:
  void SetUp() override { write_sample(faces(), {.classes = 2, .per_class = 8}); }

  fs::path faces() const { return scratch_.path() / "faces"; }
  RunFolder folder(const char* out) const { return RunFolder(scratch_.path() / out); }
  /// Two steps per epoch.
  RunSettings settings(const char* out) const {
    RunSettings settings;
    settings.image_size = 16;
    settings.batch_size = 8;
    settings.epochs = 2;
    settings.threads = 1;
    settings.no_report = true;
    settings.out = folder(out).results().string();
    return settings;
  }

  /// Settings of a training on `data` that diverges in its first validation.
  RunSettings wild_settings(const char* out, const fs::path& data) const {
    RunSettings wild = settings(out);
    wild.init = (scratch_.path() / "wild.pth").string();
    test::write_wild_model(wild.init, list_folder(data).classes, wild.image_size);
    return wild;
  }

  test::ScratchFolder scratch_;
};

}  // namespace bart
