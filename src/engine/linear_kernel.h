#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "compiled_network.h"
#include "evaluation_kernel.h"
#include "plan.h"
#include "weights_layout.h"

namespace bart {

/// The memory that a training plan binds a fully connected layer to.
struct LinearMemory {
  float* source;           // [n, in]
  float* output;           // [n, out]
  float* gradient;         // of the output
  float* source_gradient;  // may be the source itself
  float *weights, *bias, *dweights, *dbias;
  std::uint8_t *forward_scratch, *backward_scratch;
};

/// A fully connected layer in a training plan of one batch size.
struct TrainingLinear {
  using Bind = std::function<Operation(const LinearMemory&)>;
  std::size_t forward_scratch_bytes, backward_scratch_bytes;
  Bind forward, backward_weights, backward_data;
};

/// The products of a fully connected layer. A kernel is a value; those who use it do not ask which one it is.
struct LinearKernel {
  const char* name;
  bool (*can)(std::int64_t in, bool exact);
  /// Of weights [out, in].
  WeightsLayout (*layout)(std::int64_t out, std::int64_t in);
  /// Converts the rows [first, first + rows) of the weights, [rows, in_padded], to their places in the
  /// layout.
  void (*import_rows)(const Team& team, const LinearLayer& layer, std::int64_t first, std::int64_t rows,
                      const float* from, float* to);
  /// The inverse: `from` is in the layout.
  void (*export_rows)(const Team& team, const LinearLayer& layer, std::int64_t first, std::int64_t rows,
                      const float* from, float* to);
  TrainingLinear (*train)(const LinearLayer& layer, std::int64_t n, Team team);
  /// With the precision bf16 the weights for a single picture are read in bf16, too.
  EvaluationKernel (*evaluate)(const LinearLayer& layer, std::int64_t n, Team team, Precision precision);
};

/// All kernels, the fastest first. The last one can execute every layer.
std::span<const LinearKernel* const> linear_kernels();

}  // namespace bart
