#include <algorithm>
#include <cmath>

#include "bart/network/state_dict.h"
#include "bart/random/mt19937.h"
#include "bart/random/torch.h"

namespace bart {
namespace {

// Conv2d and Linear reset_parameters() (torch/nn/modules): kaiming_uniform_(weight, a=sqrt(5)), then
// uniform_(-b, b) with b = 1 / sqrt(fan_in) for the bias, in Python's doubles and operation order.
void draw_uniform(Mt19937& generator, double bound, std::vector<float>& values) {
  torch_uniform(generator, static_cast<float>(-bound), static_cast<float>(bound), values);
}

double weight_bound(double fan_in) {
  const double a = std::sqrt(5.0);
  const double gain = std::sqrt(2.0 / (1 + a * a));
  return std::sqrt(3.0) * (gain / std::sqrt(fan_in));
}

}  // namespace

StateDict initial_state(const Architecture& architecture, Mt19937& generator) {
  StateDict state = empty_state(architecture);
  double fan_in = 0;  // of the current layer, whose weight comes before its bias
  for (Tensor& tensor : state) {
    if (tensor.shape.size() >= 2) {  // weight of a convolution or linear layer
      fan_in = static_cast<double>(element_count(tensor.shape) / tensor.shape[0]);
      draw_uniform(generator, weight_bound(fan_in), tensor.floats());
    } else if (fan_in > 0 && tensor.name.ends_with(".bias")) {
      draw_uniform(generator, 1 / std::sqrt(fan_in), tensor.floats());
      fan_in = 0;  // a BatchNorm or a new weight follows: no further bias is drawn
    } else if (tensor.name.ends_with(".weight") || tensor.name.ends_with(".running_var")) {
      std::ranges::fill(tensor.floats(), 1.0f);  // of a BatchNorm
    }
  }
  return state;
}

StateDict he_initial_state(const Architecture& architecture, Mt19937& generator) {
  StateDict state = empty_state(architecture);
  Tensor* last = nullptr;  // weight of a convolution or linear layer
  for (Tensor& tensor : state) {
    if (tensor.shape.size() >= 2) {
      const double fan_in = static_cast<double>(element_count(tensor.shape) / tensor.shape[0]);
      draw_uniform(generator, std::sqrt(3.0) * (std::sqrt(2.0) / std::sqrt(fan_in)), tensor.floats());
      last = &tensor;
    } else if (tensor.name.ends_with(".weight") || tensor.name.ends_with(".running_var")) {
      std::ranges::fill(tensor.floats(), 1.0f);  // of a BatchNorm
    }
  }
  std::ranges::fill(last->floats(), 0.0f);
  return state;
}

}  // namespace bart
