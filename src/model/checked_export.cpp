#include "bart/model/checked_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bart/dataset/class_names.h"
#include "bart/dataset/read_picture_file.h"
#include "bart/formats/joblib.h"
#include "bart/model/model.h"
#include "bart/model/picture_files.h"
#include "bart/pictures/decode.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/sample/sample.h"

namespace bart {
namespace {

constexpr float tolerance = 1e-5f;

std::vector<float> probabilities_of(const ModelFile& model, std::span<const Picture> pictures, int threads) {
  return Model(model, {.threads = threads}).predict_proba(pictures);
}

Agreement agreement_of(std::span<const float> expected, std::span<const float> found, std::size_t classes) {
  Agreement agreement;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const float distance = std::abs(expected[i] - found[i]);
    if (!(distance <= agreement.farthest_probability))
      agreement.farthest_probability = distance;  // a NaN stays
  }
  for (std::size_t row = 0; row < expected.size(); row += classes) {
    agreement.same_class +=
        predicted_label(expected.subspan(row, classes)) == predicted_label(found.subspan(row, classes));
  }
  return agreement;
}

}  // namespace

ComparedPictures pictures_to_compare(const std::filesystem::path& folder, std::size_t most) {
  ComparedPictures found;
  try {
    for (const PictureFile& file : original_test_pictures(folder).files) {
      if (found.pictures.size() == most) break;
      found.pictures.push_back(decode_picture(read_picture_file(file.path)).picture);
    }
  } catch (const Error&) {
    // A missing folder or a file that is not a picture is no problem here, unlike for predictions.
  }
  if (!found.pictures.empty()) return found;
  found.drawn = true;
  const std::size_t characters = sample_characters().size();
  for (std::size_t i = 0; i < most; ++i) {
    found.pictures.push_back(draw_face(static_cast<int>(i % characters), i));
  }
  return found;
}

CheckedExport export_checked(const ModelFile& model, ModelFormat format, const ModelFileOptions& options,
                             std::span<const Picture> pictures, int threads) {
  CheckedExport exported;
  exported.bytes =
      encode_model_file({format, model.state, model.classes, model.apply_exif_orientation}, options);
  ModelFile decoded = decode_model_file(exported.bytes);
  if (decoded.classes.empty())
    decoded.classes = model.classes;  // those of a .pth may be in a file of their own
  if (decoded.classes != model.classes) throw Error("the exported model would have other classes");
  exported.agreement = agreement_of(probabilities_of(model, pictures, threads),
                                    probabilities_of(decoded, pictures, threads), model.classes.size());
  const Agreement& agreement = exported.agreement;
  if (!options.half &&
      !(agreement.farthest_probability <= tolerance && agreement.same_class == pictures.size())) {
    throw Error(
        fmt::format("its probabilities would differ by up to {:.1e}", agreement.farthest_probability));
  }
  return exported;
}

void check_names_no_others(const std::filesystem::path& labels, const std::vector<std::string>& classes) {
  if (!std::filesystem::exists(labels)) return;
  try {
    const std::vector<std::string> names = decode_label_encoder(read_file(labels));
    if (std::ranges::equal(names, classes, {}, composed, composed)) return;
  } catch (const Error& error) {
    throw Error(fmt::format("{} is not the label file of a model ({}): write the .pth into another folder",
                            labels.string(), error.what()));
  }
  throw Error(fmt::format("{} names other classes than the model: write the .pth into another folder",
                          labels.string()));
}

}  // namespace bart
