#pragma once

#include <cstddef>
#include <cstdint>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/platform/progress.h"

namespace bart {

struct PictureSpeed {
  std::size_t pictures;
  std::uint64_t bytes;    // of the files
  double seconds;         // for reading, decoding and resizing all of them: the median of the rounds
  double decode_seconds;  // only for decoding them, on one thread and from files in memory: the share of the
                          // codecs
};

/// Measures load_pictures() on a listing, `rounds` times after a first time that brings the files into the
/// system's cache. Throws Error as load_pictures() does.
PictureSpeed picture_speed(const Listing& listing, const LoadOptions& options, int rounds,
                           const OnProgress& progress = {});

/// The same for JPEGs that are drawn for this purpose, `pictures` of each of ten characters.
PictureSpeed drawn_picture_speed(int pictures, const LoadOptions& options, int rounds,
                                 const OnProgress& progress = {});

}  // namespace bart
