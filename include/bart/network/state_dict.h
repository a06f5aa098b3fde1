#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bart/network/architecture.h"

namespace bart {

/// A named array in C order. Only num_batches_tracked holds int64, as a scalar (empty shape).
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

/// The values of the tensor of that name. Throws Error when it is missing, has another shape, does not hold
/// floats, or has too few or too many.
std::span<const float> floats_of(const StateDict& state, const std::string& name,
                                 const std::vector<std::int64_t>& shape);

/// Whether the tensor is learned (a weight or bias) instead of a running statistic.
bool is_parameter(std::string_view name);

/// The number of values of a shape. Throws Error when a dimension is negative or the number needs more than
/// 63 bits.
std::int64_t element_count(const std::vector<std::int64_t>& shape);

/// The state_dict of a network that PyTorch constructs right after torch.manual_seed(seed), bit for bit.
/// Afterwards `generator` is in the same state as PyTorch's global generator, from which the dropout masks
/// are drawn.
StateDict initial_state(const Architecture& architecture, class Mt19937& generator);

/// The initialization of He et al. 2015 for networks with ReLUs, as torch.nn.init.kaiming_uniform_(weight,
/// nonlinearity="relu") draws it for the weights of the convolutions and linear layers in their order. Biases
/// are zero, and so is the last layer, so that all classes have the same probability in the first step.
StateDict he_initial_state(const Architecture& architecture, class Mt19937& generator);

/// A state_dict with the right names and shapes whose values are all zero.
StateDict empty_state(const Architecture& architecture);

/// The architecture of a network of BART's kind with this state_dict: the shapes tell blocks, hidden layers
/// and classes, the first linear layer tells the image size. Dropout rates are not stored and take the
/// defaults. Throws Error with the name of the first tensor that does not fit.
Architecture architecture_of(const StateDict& state);

/// The tensors of a network of BART's kind in the order of PyTorch's state_dict. The names of wrappers
/// ("module.", "_orig_mod.", "_checkpoint_wrapped_module.", "_fsdp_wrapped_module.") are removed wherever
/// they stand in a name, and so is a prefix of all names ("model."). Throws Error as architecture_of() does.
StateDict in_pytorch_order(StateDict state);

}  // namespace bart
