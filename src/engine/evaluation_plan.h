#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "batch_norm.h"
#include "evaluation_weights.h"
#include "matrix_vector.h"
#include "onednn.h"
#include "parameters.h"
#include "plan.h"

namespace bart {

/// Throws Error where logits or features have another size than an evaluation of so many pictures gives; no
/// features at all are fine.
void check_evaluation(const CompiledNetwork& network, std::size_t pictures, std::size_t logits,
                      std::size_t features);

/// The forward pass in evaluation mode for one batch size. Two buffers take turns.
class EvaluationPlan {
 public:
  EvaluationPlan(const CompiledNetwork& network, const dnnl::engine& engine, std::int64_t n);
  std::size_t arena_bytes() const { return layout_.size(); }
  /// Ties the operations to memory, which they then read in every run().
  void bind(std::uint8_t* arena, const Parameters& parameters, const EvaluationWeights& weights);
  /// `features`, where not empty, get what the last convolution gives behind BatchNorm and ReLU, before the
  /// pooling: [n, channels, size, size].
  void run(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
           std::span<float> features = {});
  std::vector<OperationTime> time(std::span<const std::uint8_t* const> pictures, int rounds);
  std::string description() const;

 private:
  struct Convolution {
    std::optional<dnnl::convolution_forward::primitive_desc> forward;  // none: our own kernels
    ActivationShape shape;
    std::optional<PreparedWeights> prepared = {};  // none: the parameters' own layout
  };

  /// A fully connected layer: oneDNN's kernel, for one picture our own where it can read the weights.
  struct Linear {
    dnnl::inner_product_forward::primitive_desc forward;
    std::optional<MatrixShape> single;
    std::optional<PreparedWeights> rounded = {};  // weights in bf16, where `single` takes these
  };

  const CompiledNetwork& network_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::int64_t n_;
  ArenaLayout layout_;
  std::size_t front_ = 0;
  std::size_t back_ = 0;
  std::size_t scratch_ = 0;
  std::vector<Convolution> convolutions_;
  std::vector<Linear> linears_;
  std::vector<Operation> operations_;
  std::span<const std::uint8_t* const> pictures_;
  std::span<float> features_;
  const float* logits_ = nullptr;
};

}  // namespace bart
