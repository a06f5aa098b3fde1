#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/engine/engine.h"
#include "bart/network/state_dict.h"
#include "bart/record/run_record.h"
#include "bart/training/predictions.h"

namespace bart {

/// Why the network took a picture for a class: its probability, and Grad-CAM over the picture.
struct ShownClass {
  std::size_t label = 0;
  double probability = 0;
  std::string overlay;  // a JPEG as a data: address
};

/// A test picture as the page shows it.
struct ShownPicture {
  std::string file;
  std::size_t truth = 0;
  std::vector<ShownClass> classes;  // the predicted one first
  int width = 0, height = 0;
  std::string thumbnail;  // a JPEG as a data: address
};

struct ShownPictures {
  std::vector<ShownPicture>
      worst;  // mistakes, those with the largest loss first; explained: what it said, what it is
  std::vector<ShownPicture>
      uncertain;  // least probability for the class that was said; explained: the two likeliest
  std::size_t mistakes = 0;
};

/// Chooses, reads and explains the pictures. `predictions` are of pictures `test`.
ShownPictures shown_pictures(const RecordedRun& run, const StateDict& state, Engine& engine,
                             const LoadedPictures& pictures, std::span<const std::uint32_t> test,
                             const Predictions& predictions, int threads);

}  // namespace bart
