#include "bart/model/model_agreement.h"

#include <fmt/format.h>

#include <algorithm>

#include "bart/platform/counted.h"
#include "bart/platform/error.h"

namespace bart {

ModelAgreement::ModelAgreement(const Model& first, const std::vector<std::filesystem::path>& others,
                               const ModelOptions& options) {
  for (const std::filesystem::path& path : others) {
    models_.push_back(Model::load(path, options));
    if (models_.back().classes() != first.classes()) {
      throw Error(fmt::format("{} has other classes than the first model", path.string()));
    }
  }
}

void ModelAgreement::predict(std::span<const PictureFile> files, const PredictFilesOptions& options) {
  for (const Model& model : models_) {
    auto& rows = rows_.emplace_back();
    predict_files(model, files, options, [&](const FilePrediction& prediction) {
      rows.emplace_back(prediction.probabilities.begin(), prediction.probabilities.end());
    });
  }
}

std::vector<float> ModelAgreement::mean(std::size_t i, std::span<const float> first) {
  std::vector<float> sum(first.begin(), first.end());
  const auto best = [](std::span<const float> row) { return std::ranges::max_element(row) - row.begin(); };
  bool agree = true;
  for (const auto& rows : rows_) {
    if (rows[i].size() != sum.size()) throw Error("a picture has changed while it was classified");
    agree = agree && best(rows[i]) == best(first);
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += rows[i][k];
  }
  for (float& value : sum) value /= static_cast<float>(models_.size() + 1);
  agreed_ += agree;
  return sum;
}

std::string ModelAgreement::sentence(std::size_t predicted) const {
  return fmt::format(
      "The {} models agree on {} of {} ({:.1f} %); the answers are of their mean probabilities",
      models_.size() + 1, agreed_, counted(predicted, "image", "images"),
      100 * static_cast<double>(agreed_) / static_cast<double>(predicted));
}

}  // namespace bart
