#pragma once

#include <cstddef>
#include <cstdint>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/platform/progress.h"

namespace bart {

struct PictureSpeed {
  std::size_t pictures;
  std::uint64_t bytes;    // of their files
  double seconds;         // to read, decode and resize all of them, the median of the rounds
  double decode_seconds;  // to decode them alone, on one thread, from files that are in memory: the codecs'
                          // share
};

/// load_pictures of a whole listing, `rounds` times after one that brings the files into the system's cache.
/// Throws Error as load_pictures does.
PictureSpeed picture_speed(const Listing& listing, const LoadOptions& options, int rounds,
                           const OnProgress& progress = {});

/// The same of JPEGs that are drawn for it, `pictures` of each of ten characters.
PictureSpeed drawn_picture_speed(int pictures, const LoadOptions& options, int rounds,
                                 const OnProgress& progress = {});

}  // namespace bart
