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

struct LrRangeOptions {
  double from = 1e-6;
  double to = 1;
  int steps = 100;             // at least 2
  TrainOptions training = {};  // all that decides a step; not its rate and length
};

struct LrRangeStep {
  double learning_rate;
  double loss;
  double smoothed_loss;
};

struct LrRangeTest {
  std::vector<LrRangeStep> steps;  // fewer than asked for where the loss flew off
  double lowest_at = 0;            // the learning rate with the lowest smoothed loss
  double suggestion = 0;           // a tenth of it
};

/// The learning rate range test (Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017,
/// section 3.3), as fastai runs it: a training of few steps whose learning rate grows by the same factor each
/// step. The loss is smoothed as a mean that decays by 0.98 and is corrected for its beginning; the test ends
/// when that is four times its lowest, or not finite. `train` are indices of `pictures`; `progress` counts
/// steps. Each step is that of a Training. Throws Error for options that make no range.
LrRangeTest lr_range_test(const LoadedPictures& pictures, std::span<const std::uint32_t> train,
                          const Architecture& architecture, const LrRangeOptions& options,
                          const OnProgress& progress = {});

}  // namespace bart
