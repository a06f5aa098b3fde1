#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "batch_norm.h"
#include "matrix_vector.h"
#include "onednn.h"
#include "parameters.h"
#include "plan.h"

namespace bart {

/// Weights and biases of the convolutions with their BatchNorm folded in: with running statistics a BatchNorm
/// is a scale and a shift a channel, which the convolution before it can do.
struct FoldedConvolutions {
  AlignedMemory values;       // at the offsets of the parameters
  bool current = false;       // of the parameters as they are now
  std::uint64_t version = 0;  // grows with each folding
};

void fold_batch_norms(const CompiledNetwork& network, const dnnl::engine& engine,
                      const Parameters& parameters, FoldedConvolutions& folded);

/// The forward pass in evaluation mode for one batch size. Two buffers take turns.
class EvaluationPlan {
 public:
  EvaluationPlan(const CompiledNetwork& network, const dnnl::engine& engine, std::int64_t n);
  std::size_t arena_bytes() const { return layout_.size(); }
  /// `folded` is looked at in every run().
  void bind(std::uint8_t* arena, const Parameters& parameters, const FoldedConvolutions& folded);
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
    AlignedMemory weights = {};  // as the kernel wants them, where that is not the parameters' own layout
  };

  /// A fully connected layer: oneDNN's kernel, for one picture our own where it can read the weights.
  struct Linear {
    dnnl::inner_product_forward::primitive_desc forward;
    std::optional<MatrixShape> single;
    AlignedMemory rounded = {};  // weights in bf16, where `single` takes these
  };

  void lay_out_weights();

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
  const FoldedConvolutions* folded_ = nullptr;
  const Parameters* parameters_ = nullptr;
  std::uint64_t laid_out_ = 0;  // version of the folded weights that the convolutions have
  std::span<const std::uint8_t* const> pictures_;
  std::span<float> features_;
  const float* logits_ = nullptr;
};

}  // namespace bart
