#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compiled_network.h"
#include "evaluation_kernel.h"
#include "evaluation_weights.h"
#include "parameters.h"
#include "plan.h"

namespace bart {

/// The forward pass in evaluation mode for one batch size, with two buffers for activations in turn. The
/// first blocks run for a few pictures at a time, so that each convolution finds in the cache what the one
/// before it wrote.
class EvaluationPlan {
 public:
  /// `team` executes it.
  EvaluationPlan(const CompiledNetwork& network, std::int64_t n, Team team);
  EvaluationPlan(const EvaluationPlan&) = delete;  // operations hold its address
  EvaluationPlan& operator=(const EvaluationPlan&) = delete;

  std::size_t arena_bytes() const { return layout_.size(); }
  /// Binds the operations to memory, which they then use in every run().
  void bind(std::uint8_t* arena, const Parameters& parameters, const EvaluationWeights& weights);
  /// If `features` is not empty, it gets the activations of the last convolution after BatchNorm and ReLU and
  /// before the pooling: [n, channels, size, size].
  void run(Pictures pictures, std::span<float> logits, std::span<float> features = {});
  /// The operations on these pictures, in order. The pictures must outlive them.
  const std::vector<Operation>& operations(Pictures pictures);
  std::string description() const;

 private:
  /// The buffer that holds the present activations, and the other one.
  struct Buffers {
    void *now, *next;
    std::uint8_t* scratch;
  };

  /// Pictures that go through the first blocks together.
  struct Part {
    std::int64_t first, n;
    Pictures pictures = {};  // of the call that runs
  };

  std::vector<EvaluationKernel> kernels_for(std::size_t first, std::size_t end, std::int64_t n) const;
  void bind_parts(std::uint8_t* arena, const EvaluationWeights& weights);
  /// `pooled` is where the output of a pooling goes; nullptr: into the buffer whose turn it is.
  void bind_convolution(std::size_t i, const EvaluationKernel& kernel, std::int64_t n,
                        const Pictures* pictures, void* pooled, const EvaluationWeights& weights,
                        Buffers& buffers);
  void bind_features(const ConvolutionLayer& layer, const void* activated);
  void bind_linear(std::size_t i, const Parameters& parameters, const EvaluationWeights& weights,
                   Buffers& buffers);
  void bind_kernel(const EvaluationKernel& kernel, const Pictures* pictures, const float* values,
                   std::size_t weights_place, std::size_t bias_place, const EvaluationWeights& weights,
                   Buffers& buffers);
  void set_pictures(Pictures pictures);

  const CompiledNetwork& network_;
  std::int64_t n_;
  Team team_;
  ArenaLayout layout_;
  std::size_t part_front_ = 0, part_back_ = 0;  // of a part
  std::size_t front_ = 0, back_ = 0;            // of the batch
  std::size_t scratch_ = 0;
  std::size_t in_parts_;     // the number of the first convolutions that run for a part after the other
  std::vector<Part> parts_;  // all but the last one of the same size
  std::vector<EvaluationKernel> part_convolutions_, last_part_convolutions_;
  std::vector<EvaluationKernel> convolutions_;  // those after them, for the batch
  std::vector<EvaluationKernel> linears_;
  std::vector<Operation> operations_;
  Pictures pictures_;  // of the call that runs
  std::span<float> features_;
  const float* logits_ = nullptr;
};

}  // namespace bart
