#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bart/model/model.h"
#include "bart/model/picture_files.h"
#include "bart/pictures/picture.h"

namespace bart {

struct ExplainFilesOptions {
  std::vector<std::int32_t> classes = {};  // to explain; empty: the most probable ones
  std::size_t top_k = 3;                   // how many of these
  int side = 320;                          // of a picture on the sheet, at most
  bool apply_exif_orientation = true;
};

/// A picture file that was explained, or that could not be read.
struct ExplainedFile {
  std::string name;
  std::string truth;  // the class that its folder is named after; empty: no class
  std::vector<ClassProbability>
      classes;                // those that are explained, the most probable first if none were named
  std::string reason;         // why it could not be read; empty: it was
  bool clipped_gray = false;  // see is_clipped_gray()
};

struct ExplainedFiles {
  std::vector<ExplainedFile> files;
  Picture sheet;  // no pixels if no file could be read
};

/// Explains picture files by Grad-CAM: a sheet with each picture at its own aspect, its overlays, the true
/// class where it is known, and the scale of the colours. Of the most probable classes only those with a
/// probability of at least 1 % are explained, but always the first.
ExplainedFiles explain_files(const Model& model, std::span<const PictureFile> files,
                             const ExplainFilesOptions& options);

}  // namespace bart
