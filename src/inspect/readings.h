#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/inspect/inspect.h"
#include "duplicates.h"

namespace bart {

/// What is remembered about one file.
struct PictureReading {
  InspectedPicture picture;
  PictureTraces traces;
  std::optional<std::string> reason;  // why it could not be read
};

/// Reads the pictures of a listing, in its order. With a group process 0 gets the readings of all, the others
/// none.
std::vector<PictureReading> read_pictures(const Listing& listing, const InspectOptions& options,
                                          const OnProgress& progress, Group* group);

}  // namespace bart
