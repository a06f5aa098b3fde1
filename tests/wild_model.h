#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bart/formats/pth.h"
#include "bart/platform/files.h"
#include "bart/training/train.h"

namespace bart::test {

/// Writes a model with which a training begins as any other but has outputs that are not finite when it is
/// evaluated: the running mean before the head makes features of 1e37, of which the last layer makes more
/// than a float holds.
inline void write_wild_model(const std::filesystem::path& file, const std::vector<std::string>& classes,
                             int image_size) {
  const Architecture architecture{.classes = static_cast<int>(classes.size()), .image_size = image_size};
  StateDict state = initial_training_state(architecture, 1, 1).model;
  std::vector<float>* last_mean = nullptr;
  for (Tensor& tensor : state) {
    if (tensor.name.ends_with(".running_mean")) last_mean = &tensor.floats();
  }
  for (float& mean : *last_mean) mean = -1e37f;
  for (float& weight : state[state.size() - 2].floats()) weight *= 1e6f;
  write_file(file, encode_pth(state, {.classes = classes, .image_size = image_size}));
}

}  // namespace bart::test
