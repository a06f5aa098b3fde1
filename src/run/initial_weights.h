#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bart/network/state_dict.h"

namespace bart {

/// Puts the weights of a trained model in the place of those of `state`, a network for `classes`. The last
/// layer says what the classes are, so it is taken only from a model of the same classes. Returns whether it
/// was. Throws Error when the model cannot be read or has other shapes.
bool take_initial_weights(const std::filesystem::path& model, const std::vector<std::string>& classes,
                          StateDict& state);

}  // namespace bart
