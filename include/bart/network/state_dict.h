#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bart/network/architecture.h"

namespace bart {

/// A named array in C order. num_batches_tracked is the one that holds int64, as a scalar (empty shape).
struct Tensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::variant<std::vector<float>, std::vector<std::int64_t>> values;

  std::vector<float>& floats() { return std::get<std::vector<float>>(values); }
  const std::vector<float>& floats() const { return std::get<std::vector<float>>(values); }
  bool operator==(const Tensor&) const = default;
};

/// What PyTorch's model.state_dict() holds, in the same order.
using StateDict = std::vector<Tensor>;

/// The tensor of that name, or nullptr.
const Tensor* find_tensor(const StateDict& state, std::string_view name);

/// Whether the tensor is learned (weight, bias) and not a running statistic.
bool is_parameter(std::string_view name);

/// The number of values of a shape. Throws Error when it is negative or does not fit 63 bits.
std::int64_t element_count(const std::vector<std::int64_t>& shape);

/// The state_dict of a network right after torch.manual_seed(seed) and its construction in PyTorch, bit for
/// bit; afterwards `generator` is where PyTorch's global generator is, from which the dropout masks are
/// drawn.
StateDict initial_state(const Architecture& architecture, class Mt19937& generator);

/// He et al. 2015 for networks of ReLUs, as torch.nn.init.kaiming_uniform_(weight, nonlinearity="relu") draws
/// it for the convolution and linear weights in their order, with biases of zero; the last layer is zero, so
/// that the first step's probabilities are equal.
StateDict he_initial_state(const Architecture& architecture, class Mt19937& generator);

/// Names and shapes of the state_dict with all values zero.
StateDict empty_state(const Architecture& architecture);

/// The architecture of BART's kind that a state_dict belongs to (blocks, hidden layers and classes follow
/// from shapes, the image size from the first linear layer; dropouts are not stored and take the defaults).
/// Throws Error, naming the first tensor that does not fit.
Architecture architecture_of(const StateDict& state);

/// The tensors of a network of BART's kind in the order of PyTorch's state_dict. A prefix that all names
/// have, as wrappers of a network add ("module.", "_orig_mod.", "model."), is removed. Throws as
/// architecture_of.
StateDict in_pytorch_order(StateDict state);

}  // namespace bart
