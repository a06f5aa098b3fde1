#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bart/network/state_dict.h"

namespace bart {

/// Where the weights of a training began.
struct InitialModel {
  std::filesystem::path file;
  bool same_classes;  // so that its last layer was taken, too
};

/// Puts the weights of the trained model that `path` names (see find_model()) in the place of those of
/// `state`, a network for `classes`. The last layer depends on the classes, so it is taken only from a model
/// of the same classes. Throws Error when the model cannot be read or has other shapes.
InitialModel take_initial_weights(const std::filesystem::path& path, const std::vector<std::string>& classes,
                                  StateDict& state);

}  // namespace bart
