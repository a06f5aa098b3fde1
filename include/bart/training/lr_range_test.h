#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/network/architecture.h"
#include "bart/platform/progress.h"
#include "bart/training/train.h"

namespace bart {

/// The learning rates to try.
struct LrRange {
  double from = 1e-6;
  double to = 1;
  int steps = 100;  // at least 2
};

struct LrRangeOptions {
  LrRange range = {};
  /// The settings of a step. What belongs to the course or the end of a training is ignored: learning rate,
  /// schedule, warm-up, epochs, mild epochs, step limit, average and calibration.
  TrainOptions training = {};
  InitialValues initial_values = InitialValues::pytorch;
  StateDict weights = {};  // a model to begin with, instead of initial values
};

struct LrRangeStep {
  double learning_rate;
  double loss;
  double smoothed_loss;
};

/// What the curve says about the learning rate.
enum class LrFinding {
  lowest,     // the loss fell and rose again
  not_risen,  // it was still falling at the last rate, or no rate changed it: larger ones would tell
  no_fall,    // it is lowest at a rate below ten times the first: smaller ones would tell
};

struct LrRangeTest {
  std::vector<LrRangeStep> steps;  // fewer than asked for if the loss grew too large
  double lowest_at = 0;            // the learning rate with the lowest smoothed loss
  double suggestion = 0;           // a tenth of lowest_at, which only the finding `lowest` recommends
  LrFinding finding = LrFinding::lowest;
};

/// The learning rate range test (Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017,
/// section 3.3), as fastai runs it: a short training whose learning rate grows by the same factor in each
/// step. The loss is smoothed by an exponential mean with a decay of 0.98 and a correction for its beginning.
/// The test ends when the smoothed loss is four times its minimum or not finite. `train` are indices of
/// `pictures`; `progress` counts steps. The steps are those of a Training, on full batches. Throws Error for
/// options that define no range, and as a Training does.
LrRangeTest lr_range_test(const LoadedPictures& pictures, std::span<const std::uint32_t> train,
                          const Architecture& architecture, const LrRangeOptions& options,
                          const OnProgress& progress = {});

}  // namespace bart
