#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "bart/model/model.h"
#include "bart/model/picture_files.h"
#include "bart/platform/group.h"

namespace bart {

/// The prediction for one picture file.
struct FilePrediction {
  const PictureFile& file;
  std::span<const float> probabilities;  // [classes]; empty if the file could not be read
  std::string reason;                    // why it could not be read
  bool clipped_gray = false;             // the picture is only black and white now, see is_clipped_gray()
};

struct PredictFilesOptions {
  bool apply_exif_orientation =
      true;  // has no effect if the model was trained on pictures as they are stored
  OnProgress progress = {};
  /// These files are some of more, and what is said about one does not depend on which are read together.
  bool some_of_more = false;
  /// Its processes each read and classify some of the files. nullptr: this process alone.
  Group* group = nullptr;
};

/// Several batches are read together, so that threads do not wait for the last picture of each.
inline constexpr std::size_t pictures_in_memory = 128;

/// Reads, resizes and classifies picture files. `take` is called with one prediction per file, in the order
/// of `files`, as soon as its batch is computed. At most `pictures_in_memory` pictures are in memory at a
/// time.
///
/// With a group all processes make the call with the same arguments; process 0 alone gets predictions and
/// progress. Throws as check_same() and share_out() do.
void predict_files(const Model& model, std::span<const PictureFile> files, const PredictFilesOptions& options,
                   const std::function<void(const FilePrediction&)>& take);

}  // namespace bart
