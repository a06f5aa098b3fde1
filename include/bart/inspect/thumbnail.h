#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bart/inspect/inspect.h"
#include "bart/platform/progress.h"

namespace bart {

/// A small copy of a picture, as a page embeds it.
struct Thumbnail {
  int width = 0, height = 0;
  std::string jpeg;  // base64; empty if the file can no longer be read
};

/// By index into Inspection::pictures.
using Thumbnails = std::map<std::uint32_t, Thumbnail>;

/// Reads the pictures `wanted`, indices into inspection.pictures that may repeat. Each thumbnail has the
/// picture's own aspect, is at most `most_width` x `most_height` large, and is never enlarged.
/// `progress(done, total)` counts the different pictures, called by one thread at a time.
Thumbnails read_thumbnails(const Inspection& inspection, std::vector<std::uint32_t> wanted, int most_width,
                           int most_height, const OnProgress& progress);

}  // namespace bart
