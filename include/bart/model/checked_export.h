#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bart/model/model_file.h"
#include "bart/pictures/picture.h"

namespace bart {

/// How well the predictions of two models for the same pictures agree.
struct Agreement {
  std::size_t same_class = 0;      // pictures with the same predicted class
  float farthest_probability = 0;  // the largest difference of two probabilities; NaN if one of them is NaN
};

struct CheckedExport {
  std::vector<std::uint8_t> bytes;
  Agreement agreement;
};

/// Pictures to compare predictions for.
struct ComparedPictures {
  std::vector<Picture> pictures;
  bool drawn = false;  // by draw_face()
};

/// The first `most` pictures of `folder`, as original_test_pictures() lists them, up to the first that cannot
/// be read. If there are none, `most` pictures are drawn: each exported model can be checked.
ComparedPictures pictures_to_compare(const std::filesystem::path& folder, std::size_t most = 64);

/// Encodes `model` in another format, decodes the result, and compares the predictions of both for
/// `pictures`. Throws Error when the format cannot hold the model, when the classes are not the same
/// afterwards, or when float32 weights give another class or a probability that differs by more than 1e-5.
CheckedExport export_checked(const ModelFile& model, ModelFormat format, const ModelFileOptions& options,
                             std::span<const Picture> pictures, int threads);

/// The class names of a .pth are written beside it, to `labels` (.joblib), as a training does. Throws Error
/// when that file is there and names other classes: it belongs to another model.
void check_names_no_others(const std::filesystem::path& labels, const std::vector<std::string>& classes);

}  // namespace bart
