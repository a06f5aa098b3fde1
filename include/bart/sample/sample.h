#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bart/pictures/picture.h"
#include "bart/platform/progress.h"

namespace bart {

/// The invented characters that `draw_face` knows, in the order of their classes. Names are folder names.
const std::vector<std::string>& sample_characters();

/// One picture of a character. Pose, size, background and light vary with `seed`; the features of the
/// character do not. Each side has at least 256 pixels. The same arguments give the same pixels on every
/// machine. Throws Error if there is no such character.
Picture draw_face(int character, std::uint64_t seed);

inline constexpr int max_sample_per_class = 100'000;

struct SampleOptions {
  int classes = 10;    // 2 to sample_characters().size()
  int per_class = 60;  // 1 to max_sample_per_class
  std::uint64_t seed = 10;
  int threads = 0;  // 0: as many as this process may use
};

/// Writes a data set of JPEGs with one folder per class. `progress(done, total)` may be called from any
/// thread, one call at a time. Throws Error when `folder` exists and is not empty, or cannot be written, and
/// for numbers out of range.
void write_sample(const std::filesystem::path& folder, const SampleOptions& options,
                  const OnProgress& progress = {});

}  // namespace bart
