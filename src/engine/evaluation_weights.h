#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>

#include "activations.h"
#include "arena.h"
#include "compiled_network.h"
#include "parameters.h"
#include "weights_layout.h"

namespace bart {

/// The weights of a layer in the form that a kernel reads, if that is not the layout of the parameters.
struct PreparedWeights {
  std::size_t place;     // of the layer's weights in the flat array
  WeightsLayout layout;  // kernels with the same layout share the memory
  std::function<void(const float* from, void* to)> prepare;
};

/// The weights that evaluation plans read, shared by the plans of all batch sizes: the parameters, with each
/// BatchNorm folded into the convolution before it. (With running statistics a BatchNorm is a scale and a
/// shift per channel.)
class EvaluationWeights {
 public:
  explicit EvaluationWeights(const CompiledNetwork& network);

  /// Takes over the parameters as they are now. Nothing may read the weights meanwhile.
  void update(const Parameters& parameters);

  /// Convolutions' weights and biases, at the offsets of the parameters.
  const float* folded() const { return folded_.floats(); }

  /// The memory of `wanted`, prepared from the array `from` (folded() or the parameters' values): once, and
  /// again in each update().
  const std::uint8_t* prepared(const PreparedWeights& wanted, const float* from) const;

 private:
  struct Prepared {
    PreparedWeights weights;
    const float* from;
    AlignedMemory memory;
    void fill() const { weights.prepare(from + weights.place, memory.bytes()); }
  };

  const CompiledNetwork& network_;
  AlignedMemory folded_;
  mutable std::mutex mutex_;  // of prepared_: plans are made while others run
  mutable std::list<Prepared> prepared_;
};

}  // namespace bart
