#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bart/engine/engine.h"
#include "bart/network/state_dict.h"
#include "bart/pictures/picture.h"

namespace bart {

struct ModelOptions {
  int threads = 0;  // 0: as many as this process may use
  Precision precision = Precision::f32;
};

/// A trained network with its class names, ready to predict.
class Model {
 public:
  /// A network of these parameters. Throws Error when they are not of BART's kind, or there are not as many
  /// classes.
  Model(const StateDict& state, std::vector<std::string> classes, const ModelOptions& options = {});

  /// Reads a model: .onnx and .safetensors as BART exports them, with their labels, or a .pth of BART or
  /// PyTorch, whose labels come from a .joblib of BART or scikit-learn. Told by content, not by name. Throws
  /// Error when a file cannot be read or the two do not fit each other.
  static Model load(const std::filesystem::path& model, const std::filesystem::path& labels,
                    const ModelOptions& options = {});

  const std::vector<std::string>& classes() const { return classes_; }
  int image_size() const { return engine_.architecture().image_size; }

  /// Class probabilities of pictures of any size, [n, classes] row by row. Pictures are resized as in
  /// training.
  std::vector<float> predict_proba(std::span<const Picture> pictures);

  /// The index into classes() of each picture's most probable class.
  std::vector<int> predict(std::span<const Picture> pictures);

  /// predict_proba for pictures already at image_size() x image_size(): n pointers to [image_size,
  /// image_size, 3].
  std::vector<float> predict_proba_resized(std::span<const std::uint8_t* const> pictures);

 private:
  int threads_;
  Engine engine_;
  std::vector<std::string> classes_;
};

}  // namespace bart
