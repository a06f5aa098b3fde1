#pragma once

#include <cstdint>

#include "block.h"
#include "parameters.h"

namespace bart::cuda {

BART_DEVICE bool is_finite(double value) {
  return value - value == 0;
}

/// The sum of the parts of all threads of a block, in a fixed order: part(thread), then take(sum) in one
/// thread.
template <class Block, class Part, class Take>
BART_DEVICE void sum_of_threads(const Block& block, const Part& part, const Take& take) {
  struct Shared {
    double sums[Block::threads];
  };
  BART_SHARED(Shared, shared);
  block.phase([&](int thread) { shared.sums[thread] = part(thread); });
  add_up(block, shared.sums);
  block.phase([&](int thread) {
    if (thread == 0) take(shared.sums[0]);
  });
}

/// The sum of the squares of a chunk of the gradients, in double.
struct GradientSquares {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const GradientNormArguments& a) {
    const auto squares = [&](int thread) {
      double sum = 0;
      const std::int64_t stride = static_cast<std::int64_t>(a.chunks) * Block::threads;
      for (std::int64_t i = index_of(block, thread); i < a.count; i += stride) {
        sum += static_cast<double>(a.gradients[i]) * static_cast<double>(a.gradients[i]);
      }
      return sum;
    };
    sum_of_threads(block, squares, [&](double sum) { a.partial[block.x()] = sum; });
  }
};

/// The norm of all gradients, and what follows from it: whether the step is taken, and the factor of
/// torch.nn.utils.clip_grad_norm_.
struct GradientNorm {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const GradientNormArguments& a) {
    const auto chunks = [&](int thread) {
      double sum = 0;
      for (int i = thread; i < a.chunks; i += Block::threads) sum += a.partial[i];
      return sum;
    };
    sum_of_threads(block, chunks, [&](double sum) {
      StepOutcome& outcome = a.outcomes[a.scalars->outcome];
      outcome.norm = sqrt(sum);
      // The loss is handed on as a float, and is to be finite as one.
      if (!is_finite(static_cast<float>(outcome.loss)) || !is_finite(outcome.norm)) *a.diverged = 1;
      outcome.applied = *a.diverged == 0 ? 1 : 0;
      outcome.factor = 1;
      if (outcome.applied == 0 || !(a.scalars->clip_norm > 0)) return;
      const auto factor = static_cast<float>(a.scalars->clip_norm / (outcome.norm + 1e-6));
      if (factor < 1) outcome.factor = factor;
    });
  }
};

/// Rounds as the processor's adam.cpp and sgd.cpp do; the compiler fuses nothing that is not written so.
struct OptimizerStep {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const OptimizerArguments& a) {
    const StepScalars& f = *a.scalars;
    const StepOutcome& outcome = a.outcomes[f.outcome];
    const float factor = outcome.factor;
    if (outcome.applied == 0) return;
    block.each_thread([&](int thread) {
      const std::int64_t i = index_of(block, thread);
      if (i >= a.count) return;
      const bool decays = i < a.decaying;
      const float gradient = a.gradients[i] * factor;
      const float parameter = a.parameters[i];
      if (f.sgd != 0) {
        const float g = decays ? fmaf(f.sgd_decay, parameter, gradient) : gradient;
        const float momentum = a.exp_avg[i] * f.sgd_momentum + g;
        a.exp_avg[i] = momentum;
        a.parameters[i] = fmaf(f.sgd_step, fmaf(f.sgd_momentum, momentum, g), parameter);
        return;
      }
      const float m0 = a.exp_avg[i];
      const float m = fmaf(f.lerp, gradient - m0, m0);
      const float v = fmaf(f.gain * gradient, gradient, a.exp_avg_sq[i] * f.decay);
      const float denominator = sqrtf(v) / f.root + f.eps;
      a.exp_avg[i] = m;
      a.exp_avg_sq[i] = v;
      a.parameters[i] = (decays ? parameter * f.kept : parameter) + f.step_size * m / denominator;
    });
  }
};

/// As update_average() rounds.
struct MoveAverage {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const AverageArguments& a) {
    const float weight = a.scalars->average_weight;
    if (weight == 0 || a.outcomes[a.scalars->outcome].applied == 0) return;
    block.each_thread([&](int thread) {
      const std::int64_t i = index_of(block, thread);
      if (i >= a.count) return;
      const float value = a.model[i], mean = a.average[i];
      a.average[i] = weight == 1 ? value : mean + weight * (value - mean);
    });
  }
};

}  // namespace bart::cuda
