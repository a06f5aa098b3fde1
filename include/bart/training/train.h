#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/network/architecture.h"
#include "bart/network/state_dict.h"

namespace bart {

struct TrainOptions {
  int epochs = 20;
  int batch_size = 32;
  double learning_rate = 0.001;
  std::uint32_t seed = 10;
  std::optional<std::int64_t> max_steps;  // stop after so many optimizer steps, without a last validation
  int threads = 1;
};

/// One optimizer step. Steps and epochs count from 1.
struct StepRecord {
  std::int64_t step;
  int epoch;
  float loss;
};

/// One finished epoch, as the original logs it: the loss is the unweighted mean over batches.
struct EpochRecord {
  int epoch;
  double loss;
  double train_accuracy;       // percent
  double validation_accuracy;  // percent
  double validation_macro_f1;  // scikit-learn's f1_score(average="macro")
  double validation_loss;      // mean over pictures
  double train_seconds;
  double validation_seconds;
};

/// What a caller may watch. Each is called between steps, on the calling thread; an empty one is skipped.
struct TrainEvents {
  /// Pictures done of this epoch's training set, after each step; false stops the training there.
  std::function<bool(const StepRecord&, std::size_t done, std::size_t total)> step;
  /// Pictures done of the test set during a validation.
  std::function<void(std::size_t done, std::size_t total)> validation;
  std::function<void(const EpochRecord&)> epoch;
};

struct TrainResult {
  StateDict state;
  std::vector<StepRecord> steps;
  std::vector<EpochRecord> epochs;
  bool stopped = false;  // by max_steps or by an event, before all epochs were done
};

/// Trains a network from its initial weights as the original does: PyTorch's initial values, batch order and
/// dropout masks for `seed`, cross entropy, Adam, a validation on the test set after every epoch.
/// Throws Error when the architecture does not fit the pictures, or when the loss stops being finite.
TrainResult train(const LoadedPictures& pictures, const Split& split, const Architecture& architecture,
                  const TrainOptions& options, const TrainEvents& events = {});

}  // namespace bart
