#pragma once

#include <filesystem>

#include "bart/checkpoint/data_fingerprint.h"
#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/record/run_settings.h"
#include "bart/run/run.h"

namespace bart {

/// The pictures that a training works with.
struct RunData {
  Listing listing;
  LoadedPictures pictures;
  DataFingerprint fingerprint;
  Split split;
  LoadedPictures
      larger;  // the training pictures, from which augmented ones are made; empty without augmentation
};

/// Reads data.listing into data.pictures. Pixels that do not fit into the memory go into a file in `scratch`.
/// The processes of `group` that run on one computer read and keep them together.
void read_run_pictures(RunData& data, const RunSettings& settings, const std::filesystem::path& scratch,
                       const OnProgress& reading, Group* group = nullptr);

/// Reads the training pictures of data.split again into data.larger, in the same way.
void read_larger_pictures(RunData& data, const RunSettings& settings, const std::filesystem::path& scratch,
                          const OnProgress& reading, Group* group = nullptr);

}  // namespace bart
