#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bart/network/architecture.h"

namespace bart {

/// Name, shape and type of one entry of a state_dict, without the values.
struct TensorShape {
  std::string name;
  std::vector<std::int64_t> shape;
  bool is_counter = false;  // int64 (num_batches_tracked) instead of float32
};

/// The entries of the state_dict of `architecture`, in PyTorch's order.
std::vector<TensorShape> tensor_shapes(const Architecture& architecture);

}  // namespace bart
