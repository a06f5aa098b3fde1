#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "bart/network/state_dict.h"
#include "bart/platform/error.h"
#include "tensor_shapes.h"

namespace bart {
namespace {

int checked_size(const Tensor& tensor, std::size_t axis) {
  const std::int64_t size = tensor.shape[axis];
  if (size < 1 || size > std::numeric_limits<int>::max()) {
    throw Error(fmt::format("tensor {} has the impossible shape {}", tensor.name, tensor.shape));
  }
  return static_cast<int>(size);
}

const Tensor* find_weight(const StateDict& state, const std::string& name, std::size_t rank) {
  const Tensor* tensor = find_tensor(state, name);
  if (tensor != nullptr && tensor->shape.size() != rank) {
    throw Error(
        fmt::format("tensor {} has shape {}, where {} dimensions are expected", name, tensor->shape, rank));
  }
  return tensor;
}

Error missing(const std::string& name) {
  return Error(
      fmt::format("tensor {} is missing: these are not the weights of a network of BART's kind", name));
}

int image_size_of(const Tensor& first_linear, const std::vector<Block>& blocks) {
  const int features = checked_size(first_linear, 1);
  const int channels = blocks.back().channels;
  const auto side = static_cast<int>(std::lround(std::sqrt(features / channels)));
  if (features % channels != 0 || side * side != features / channels || side > (1 << 14) >> blocks.size()) {
    throw Error(fmt::format("tensor {} has shape {}, which is not a square image of {} channels",
                            first_linear.name, first_linear.shape, channels));
  }
  return side << blocks.size();
}

// Checks that there is every tensor of the network, in the right shape, and no other tensor.
void check_tensors(const StateDict& state, const Architecture& architecture) {
  std::set<std::string_view> expected_names;
  const std::vector<TensorShape> expected_shapes = tensor_shapes(architecture);
  for (const TensorShape& expected : expected_shapes) {
    expected_names.insert(expected.name);
    const Tensor* tensor = find_tensor(state, expected.name);
    if (tensor == nullptr) throw missing(expected.name);
    if (tensor->shape != expected.shape) {
      throw Error(
          fmt::format("tensor {} has shape {} instead of {}", tensor->name, tensor->shape, expected.shape));
    }
    if (std::holds_alternative<std::vector<float>>(tensor->values) == expected.is_counter) {
      throw Error(
          fmt::format("tensor {} holds {}", tensor->name,
                      expected.is_counter ? "no integer" : "integers instead of floating-point values"));
    }
    const std::size_t values = std::visit([](const auto& all) { return all.size(); }, tensor->values);
    if (values != static_cast<std::size_t>(element_count(expected.shape))) {
      throw Error(fmt::format("tensor {} of shape {} has {} values", tensor->name, expected.shape, values));
    }
  }
  std::set<std::string_view> seen;
  for (const Tensor& tensor : state) {
    if (!expected_names.contains(tensor.name)) {
      throw Error(fmt::format("tensor {} does not belong to a network of BART's kind", tensor.name));
    }
    if (!seen.insert(tensor.name).second) throw Error(fmt::format("tensor {} occurs twice", tensor.name));
  }
}

// Whether a tensor beside the network takes part in training alone: the counter of AveragedModel; the weights
// of a loss and the counts of a metric, which Lightning saves as modules of their own.
bool is_of_training_alone(const std::string& name) {
  const std::string_view module(name.data(), std::min(name.find('.'), name.size()));
  return name == "n_averaged" ||
         std::ranges::any_of(std::array{"loss", "criterion", "metric"},
                             [&](const char* word) { return module.find(word) != std::string_view::npos; });
}

// The name without the modules that wrap others: DataParallel ("module"), torch.compile, activation
// checkpointing, FSDP. They may wrap any layer and so stand anywhere before the tensor's own name.
std::string without_wrappers(std::string_view name) {
  constexpr std::array wrappers = {"module", "_orig_mod", "_checkpoint_wrapped_module",
                                   "_fsdp_wrapped_module"};
  std::string kept;
  for (std::size_t dot = name.find('.'); dot != name.npos; dot = name.find('.')) {
    if (std::ranges::find(wrappers, name.substr(0, dot)) == wrappers.end()) kept += name.substr(0, dot + 1);
    name.remove_prefix(dot + 1);
  }
  return kept += name;
}

// Two tensors whose names differ in wrappers alone are of two networks; then all names stay as they are.
void remove_wrappers(StateDict& state) {
  std::set<std::string> names;
  for (const Tensor& tensor : state)
    if (!names.insert(without_wrappers(tensor.name)).second) return;
  for (Tensor& tensor : state) tensor.name = without_wrappers(tensor.name);
}

// Removes the prefix that a program adds to the names of a network, such as the attribute of Lightning, often
// "model.", and what lies beside the network.
void remove_prefix(StateDict& state) {
  constexpr std::string_view first = "block1.0.weight";
  std::vector<std::string> prefixes;
  for (const Tensor& tensor : state) {
    if (tensor.name == first) {
      prefixes = {""};
      break;
    }
    if (tensor.name.ends_with("." + std::string(first)))
      prefixes.push_back(tensor.name.substr(0, tensor.name.size() - first.size()));
  }
  if (prefixes.empty()) return;
  if (prefixes.size() > 1) {
    throw Error(
        fmt::format("the weights of several networks, {} and {}: save those of one alone, with "
                    "torch.save(network.state_dict(), FILE)",
                    prefixes[0], prefixes[1]));
  }
  const std::string& prefix = prefixes.front();
  std::erase_if(state, [&](const Tensor& tensor) {
    return (prefix.empty() || !tensor.name.starts_with(prefix)) && is_of_training_alone(tensor.name);
  });
  for (Tensor& tensor : state) {
    if (!tensor.name.starts_with(prefix)) {
      throw Error(
          fmt::format("tensor {} is not of the network, whose tensors begin with {}: save the network's "
                      "alone, with torch.save(network.state_dict(), FILE)",
                      tensor.name, prefix));
    }
    tensor.name.erase(0, prefix.size());
  }
}

// The counters as integers: {name: tensor.half()} makes them floats, and BatchNorm had none before PyTorch
// 0.4.1, which starts them at 0 then (torch/nn/modules/batchnorm.py, _load_from_state_dict).
void complete_counters(StateDict& state) {
  constexpr std::string_view counter = ".num_batches_tracked", mean = ".running_mean";
  StateDict missing;
  for (Tensor& tensor : state) {
    if (tensor.name.ends_with(mean)) {
      const std::string layer = tensor.name.substr(0, tensor.name.size() - mean.size());
      missing.push_back({layer + std::string(counter), {}, std::vector<std::int64_t>{0}});
    }
    const auto* floats = std::get_if<std::vector<float>>(&tensor.values);
    if (tensor.name.ends_with(counter) && floats != nullptr && floats->size() == 1 && (*floats)[0] >= 0 &&
        (*floats)[0] < 9e18F && (*floats)[0] == std::floor((*floats)[0]))
      tensor.values = std::vector<std::int64_t>{static_cast<std::int64_t>((*floats)[0])};
  }
  const auto is_counter = [&](const Tensor& tensor) { return tensor.name.ends_with(counter); };
  if (std::ranges::none_of(state, is_counter)) std::ranges::move(missing, std::back_inserter(state));
}

}  // namespace

Architecture architecture_of(const StateDict& state) {
  const Architecture defaults;
  Architecture architecture;

  architecture.blocks.clear();
  for (std::size_t i = 0; i < 14; ++i) {  // the largest image size can be halved so often
    const Tensor* weight = find_weight(state, fmt::format("block{}.0.weight", i + 1), 4);
    if (weight == nullptr) break;
    const double dropout = defaults.blocks[std::min(i, defaults.blocks.size() - 1)].dropout;
    architecture.blocks.push_back({checked_size(*weight, 0), dropout});
  }
  if (architecture.blocks.empty()) throw missing("block1.0.weight");

  // Flatten is classification_head.0; each hidden layer is Linear, ReLU and Dropout.
  const std::string first = "classification_head.1.weight";
  const Tensor* linear = find_weight(state, first, 2);
  if (linear == nullptr) throw missing(first);
  architecture.image_size = image_size_of(*linear, architecture.blocks);
  architecture.hidden.clear();
  for (std::size_t i = 0;; ++i) {
    const Tensor* next = find_weight(state, fmt::format("classification_head.{}.weight", 4 + 3 * i), 2);
    if (next == nullptr) break;
    const double dropout = defaults.hidden[std::min(i, defaults.hidden.size() - 1)].dropout;
    architecture.hidden.push_back({checked_size(*linear, 0), dropout});
    linear = next;
  }
  architecture.classes = checked_size(*linear, 0);

  check_tensors(state, architecture);
  return architecture;
}

StateDict in_pytorch_order(StateDict state) {
  remove_wrappers(state);
  remove_prefix(state);
  complete_counters(state);
  StateDict ordered;
  for (const TensorShape& expected : tensor_shapes(architecture_of(state))) {
    const auto found = std::find_if(state.begin(), state.end(),
                                    [&](const Tensor& tensor) { return tensor.name == expected.name; });
    ordered.push_back(std::move(*found));
  }
  return ordered;
}

}  // namespace bart
