#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bart/network/state_dict.h"
#include "bart/record/run_settings.h"

namespace bart {

/// Where the weights of a training began.
struct InitialModel {
  std::filesystem::path file;
  std::vector<std::string> warnings;  // sentences: its class names may be wrong, its last layer was not taken
  /// The hashes of the pictures that it was trained on, as in LoadedPictures, where its training recorded
  /// them and read pictures as `settings` say.
  std::vector<std::uint64_t> trained_on = {};
};

/// Puts the weights of the trained model that `settings.init` names (see find_model()) in the place of those
/// of `state`, a network for `classes`. The last layer depends on the classes, so it is taken only from a
/// model that is known to have the same classes, and is put in their order (see named_as()). Throws Error
/// when the model cannot be read or has other shapes.
InitialModel take_initial_weights(const RunSettings& settings, const std::vector<std::string>& classes,
                                  StateDict& state);

}  // namespace bart
