#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "bart/model/model.h"
#include "bart/model/picture_files.h"

namespace bart {

/// The answer for one picture file.
struct FilePrediction {
  const PictureFile& file;
  std::span<const float> probabilities;  // [classes]; empty where the file could not be read
  std::string reason;                    // why it could not be read
  bool clipped_gray = false;             // nothing is left of it, see is_clipped_gray()
};

struct PredictFilesOptions {
  bool apply_exif_orientation =
      true;  // false also where the model was trained on pictures as they are stored
  OnProgress progress = {};
};

/// Reads, resizes and classifies picture files. `take` gets one answer per file, in the order of `files`, as
/// soon as its batch is computed; at most 128 pictures are in memory at a time.
void predict_files(const Model& model, std::span<const PictureFile> files, const PredictFilesOptions& options,
                   const std::function<void(const FilePrediction&)>& take);

}  // namespace bart
