#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "bart/model/model.h"
#include "bart/model/picture_files.h"

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
};

/// Several batches are read together, so that threads do not wait for the last picture of each.
inline constexpr std::size_t pictures_in_memory = 128;

/// Reads, resizes and classifies picture files. `take` is called with one prediction per file, in the order
/// of `files`, as soon as its batch is computed. At most `pictures_in_memory` pictures are in memory at a
/// time.
void predict_files(const Model& model, std::span<const PictureFile> files, const PredictFilesOptions& options,
                   const std::function<void(const FilePrediction&)>& take);

}  // namespace bart
