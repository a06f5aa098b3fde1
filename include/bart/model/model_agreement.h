#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bart/model/model.h"
#include "bart/model/predict_files.h"

namespace bart {

/// Further models beside a first one: the mean of all their probabilities, and how often they agree.
class ModelAgreement {
 public:
  /// Throws Error when a model cannot be read or has other classes than the first.
  ModelAgreement(const Model& first, const std::vector<std::filesystem::path>& others,
                 const ModelOptions& options);

  bool none() const { return models_.empty(); }
  /// Computes the probabilities of the further models for all files.
  void predict(std::span<const PictureFile> files, const PredictFilesOptions& options);
  /// The mean over all models for file `i`, to which the first model gives the probabilities `first`.
  std::vector<float> mean(std::size_t i, std::span<const float> first);
  /// "The 2 models agree on 45 of 50 images (90.0 %); …", for as many calls of mean().
  std::string sentence(std::size_t predicted) const;

 private:
  std::vector<Model> models_;
  std::vector<std::vector<std::vector<float>>> rows_;  // [models, files, classes]
  std::size_t agreed_ = 0;
};

}  // namespace bart
