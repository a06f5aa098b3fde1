#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "bart/engine/engine.h"
#include "bart/network/architecture.h"
#include "bart/network/state_dict.h"

namespace bart {

struct EvaluatorOptions {
  int threads = 0;  // of one call of evaluate(); 0: what this process may use
  Precision precision = Precision::f32;
  bool exact = false;  // every rounding as in PyTorch's float32 kernels; needs f32, and a processor
  std::shared_ptr<Device> device = nullptr;  // nullptr: this computer's processor
};

/// A trained network that only evaluates. Its weights never change, and copies of an Evaluator share them.
/// evaluate() may be called from several threads at once. On a processor each call takes activation memory of
/// its own from a pool, which grows to as many calls as ever ran at the same time; a device takes one call
/// after the other.
class Evaluator {
 public:
  /// Throws Error when the network cannot be executed on this computer or the device, when a tensor of
  /// `state` is missing or has another shape, or when `options.threads` is negative.
  Evaluator(const Architecture& architecture, const StateDict& state, const EvaluatorOptions& options = {});

  /// Computes logits in evaluation mode (running statistics, no dropout), [n, classes], and, if `features` is
  /// not empty, the activations of the last convolution (after BatchNorm and ReLU, before the pooling), [n,
  /// channels, side, side], which Grad-CAM needs. Throws Error when a span has another size.
  void evaluate(std::span<const std::uint8_t* const> pictures,  // n pointers to [image_size, image_size, 3]
                std::span<float> logits, std::span<float> features = {}) const;

  /// The same network, with shared weights, whose calls of evaluate() use `threads`; 0: what this process may
  /// use. The bits stay the same unless bits_depend_on_threads(). Throws Error when `threads` is negative.
  Evaluator with_threads(int threads) const;

  const Architecture& architecture() const;

  /// The parameters and running statistics, in PyTorch's layout: a copy.
  StateDict state() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  int threads_;
};

}  // namespace bart
