#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bart/network/architecture.h"
#include "bart/network/dropout.h"
#include "bart/network/state_dict.h"

namespace bart::referee {

/// Pictures [n][image_size, image_size, 3] as the network's input [n, 3, image_size, image_size]: float32
/// value / 255, then double, as PyTorch's float64 run gets them.
std::vector<double> input_of(std::span<const std::uint8_t* const> pictures, int image_size);

/// The whole network in double precision, out of the operations of operations.h. It agrees with PyTorch's
/// float64 (referee_test.cpp) and is what the float32 engine is measured against.
class Referee {
 public:
  using Tensors = std::map<std::string, std::vector<double>>;  // by PyTorch's name

  Referee(const Architecture& architecture, const StateDict& state);

  /// Forward in training mode, loss, backward; returns the loss.
  double forward_backward(const std::vector<double>& input,  // [n, 3, image_size, image_size]
                          std::span<const std::int32_t> labels, const DropoutMasks& masks);
  /// Scales all gradients so that their norm, taken together, is at most `max_norm`, where that is above 0.
  /// Returns the norm that they had.
  double clip_gradients(double max_norm);
  void adam_step(double learning_rate);

  /// Logits [n, classes] with the running statistics and without dropout. `features`, where wanted, get the
  /// output of the last convolution's ReLU.
  std::vector<double> evaluate(const std::vector<double>& input, std::vector<double>* features = nullptr);

  const std::vector<double>& logits() const { return logits_; }  // [n, classes] of the last step
  const Tensors& gradients() const { return gradients_; }
  const Tensors& tensors() const { return tensors_; }  // parameters and running statistics, without counters

  /// What Adam keeps.
  struct Moments {
    int steps = 0;
    Tensors first, second;
  };
  const Moments& moments() const { return moments_; }
  void set_moments(Moments moments) { moments_ = std::move(moments); }

 private:
  struct Record;  // what the backward pass needs of one layer
  void forward(const std::vector<double>& input, const DropoutMasks* masks, std::vector<Record>* records,
               std::vector<double>* features = nullptr);
  void backward(std::vector<Record>& records, std::vector<double> gradient, const DropoutMasks& masks);

  std::vector<Layer> layers_;
  std::size_t input_values_;  // of one image
  Tensors tensors_, gradients_;
  Moments moments_;
  std::vector<double> logits_;
};

}  // namespace bart::referee
