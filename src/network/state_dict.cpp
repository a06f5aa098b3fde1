#include "bart/network/state_dict.h"

#include <algorithm>

#include "bart/platform/checked.h"
#include "tensor_shapes.h"

namespace bart {

const Tensor* find_tensor(const StateDict& state, std::string_view name) {
  const auto found =
      std::find_if(state.begin(), state.end(), [&](const Tensor& tensor) { return tensor.name == name; });
  return found == state.end() ? nullptr : &*found;
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
