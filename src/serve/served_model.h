#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bart/explain/grad_cam.h"
#include "bart/serve/server.h"

namespace bart {

/// What a model computes.
struct ServedNetwork {
  /// n pointers to [image_size, image_size, 3] give [n, classes].
  std::function<std::vector<float>(std::span<const std::uint8_t* const>)> probabilities;
  /// Grad-CAM of the `count` most probable classes of one picture.
  std::function<Explanation(const std::uint8_t* picture, std::size_t count)> explain;
};

/// The model that answers requests, as the rest of the server sees it: a request keeps the one that it began
/// with, so that its classes and probabilities are of one model.
struct ServedModel {
  std::vector<std::string> classes;
  int image_size = 0;
  bool apply_exif_orientation = true;
  ModelCard card;
  ServedNetwork network;  // computes with all threads
  /// Computes with one thread, for several callers at once. Without its functions nothing does.
  ServedNetwork on_one_thread;
};

using SharedModel = std::shared_ptr<const ServedModel>;

/// Throws Error when the model gives a drawn picture probabilities that are not finite or do not add up to 1.
SharedModel served_model(const Model& model, ModelCard card);

}  // namespace bart
