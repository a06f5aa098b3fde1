#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "bart/engine/precision.h"
#include "batch_plan.h"
#include "context.h"
#include "cuda_backend.h"

namespace bart::cuda {

inline Arithmetic arithmetic_of(Precision precision) {
  return precision == Precision::bf16   ? Arithmetic::bf16
         : precision == Precision::tf32 ? Arithmetic::tf32
                                        : Arithmetic::f32;
}

inline std::size_t picture_bytes(int side) {
  return static_cast<std::size_t>(side) * static_cast<std::size_t>(side) * 3;
}

/// The graph belongs to the arena as it lies now, so it is forgotten when that moves.
struct CudaBackend::Step {
  const Context& context;
  BatchPlan plan;
  std::int64_t n;
  void* graph = nullptr;

  void forget_graph() {
    if (graph != nullptr) context.driver().destroy_executable(std::exchange(graph, nullptr));
  }
};

}  // namespace bart::cuda
