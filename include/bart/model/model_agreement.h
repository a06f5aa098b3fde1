#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bart/model/model.h"
#include "bart/model/predict_files.h"

namespace bart {

/// What several models say of one picture.
struct JointPrediction {
  std::vector<float> mean;            // [classes], the mean of their probabilities
  std::vector<std::string> by_model;  // [models], the most probable class of each
};

/// Further models beside a first one: the mean of all their probabilities, and how often they agree.
class ModelAgreement {
 public:
  /// `name` is that of the first model; `warn` gets sentences as in read_model(). Throws Error when a model
  /// cannot be read or has other classes than the first, whose names are compared in composed form.
  ModelAgreement(const Model& first, const std::filesystem::path& name,
                 const std::vector<std::filesystem::path>& others, const ModelOptions& options,
                 const std::function<void(const std::string&)>& warn = {});

  bool none() const { return models_.empty(); }
  /// As the user named them, the first one first; empty if there are no further models.
  std::vector<std::string> names() const { return none() ? std::vector<std::string>() : names_; }
  /// Computes the probabilities of the further models for some files.
  void predict(std::span<const PictureFile> files, const PredictFilesOptions& options);
  /// What all models say of file `i` of those, to which the first model gives the probabilities `first`.
  JointPrediction joint(std::size_t i, std::span<const float> first);
  /// "The 2 models agree on 45 of 50 images (90.0 %); …", for all calls of joint(), and for more than two
  /// models a sentence for each pair.
  std::vector<std::string> sentences() const;
  /// {"pictures": 50, "all_agree": 45, "share": 0.9, "pairs": [{"models": [0, 1], "agree": …, "share": …}]}
  std::string json() const;

 private:
  struct Pair {
    std::size_t one, other, agreed = 0;
  };

  const Model* first_;
  std::vector<Model> models_;
  std::vector<std::string> names_;
  std::vector<std::vector<std::vector<float>>> rows_;  // [models, files, classes]
  std::vector<Pair> pairs_;
  std::size_t pictures_ = 0, agreed_ = 0;
};

}  // namespace bart
