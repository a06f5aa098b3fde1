#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
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
  void adam_step(double learning_rate);

  /// Logits [n, classes] with the running statistics and without dropout.
  std::vector<double> evaluate(const std::vector<double>& input);

  const std::vector<double>& logits() const { return logits_; }  // [n, classes] of the last step
  const Tensors& gradients() const { return gradients_; }
  const Tensors& tensors() const { return tensors_; }  // parameters and running statistics, without counters

 private:
  struct Record;  // what the backward pass needs of one layer
  void forward(const std::vector<double>& input, const DropoutMasks* masks, std::vector<Record>* records);
  void backward(std::vector<Record>& records, std::vector<double> gradient, const DropoutMasks& masks);

  std::vector<Layer> layers_;
  std::size_t input_values_;  // of one image
  Tensors tensors_, gradients_, first_moments_, second_moments_;
  int step_ = 0;
  std::vector<double> logits_;
};

}  // namespace bart::referee
