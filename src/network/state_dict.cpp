#include "bart/network/state_dict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "bart/platform/checked.h"
#include "bart/platform/error.h"
#include "tensor_shapes.h"

namespace bart {

const Tensor* find_tensor(const StateDict& state, std::string_view name) {
  const auto found =
      std::find_if(state.begin(), state.end(), [&](const Tensor& tensor) { return tensor.name == name; });
  return found == state.end() ? nullptr : &*found;
}

std::span<const float> floats_of(const StateDict& state, const std::string& name,
                                 const std::vector<std::int64_t>& shape) {
  const Tensor* found = find_tensor(state, name);
  if (found == nullptr) throw Error(fmt::format("the model has no tensor {}", name));
  if (found->shape != shape) {
    throw Error(fmt::format("the model's tensor {} has the shape [{}], the network needs [{}]", name,
                            fmt::join(found->shape, ", "), fmt::join(shape, ", ")));
  }
  if (!std::holds_alternative<std::vector<float>>(found->values)) {
    throw Error(fmt::format("the model's tensor {} does not hold floats", name));
  }
  if (std::cmp_not_equal(found->floats().size(), element_count(shape))) {
    throw Error(fmt::format("the model's tensor {} has {} values, and its shape [{}] needs {}", name,
                            found->floats().size(), fmt::join(shape, ", "), element_count(shape)));
  }
  return found->floats();
}

bool is_parameter(std::string_view name) {
  return name.ends_with(".weight") || name.ends_with(".bias");
}

std::int64_t element_count(const std::vector<std::int64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::int64_t size : shape) count = checked_product(count, size);
  return static_cast<std::int64_t>(count);
}

StateDict empty_state(const Architecture& architecture) {
  StateDict state;
  for (TensorShape& entry : tensor_shapes(architecture)) {
    const auto count = static_cast<std::size_t>(element_count(entry.shape));
    Tensor& tensor = state.emplace_back();
    tensor.name = std::move(entry.name);
    tensor.shape = std::move(entry.shape);
    if (entry.is_counter) {
      tensor.values = std::vector<std::int64_t>(count, 0);
    } else {
      tensor.values = std::vector<float>(count, 0.0f);
    }
  }
  return state;
}

}  // namespace bart
