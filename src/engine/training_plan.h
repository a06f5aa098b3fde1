#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "activation.h"
#include "bart/engine/engine.h"
#include "batch_norm.h"
#include "onednn.h"
#include "parameters.h"
#include "plan.h"

namespace bart {

/// Forward, loss and backward of one batch size: every kernel chosen, every buffer placed, known before the
/// first step. Gradients are written over the activations that they replace.
class TrainingPlan {
 public:
  TrainingPlan(const CompiledNetwork& network, const dnnl::engine& engine, std::int64_t n);

  /// Bytes that bind() needs.
  std::size_t arena_bytes() const { return layout_.size(); }

  /// Ties the operations to memory.
  void bind(std::uint8_t* arena, Parameters& parameters);

  StepResult run(const Batch& batch, const DropoutMasks& masks);
  std::vector<float> logits() const;
  std::string description() const;

 private:
  struct Convolution {
    dnnl::convolution_forward::primitive_desc forward;
    std::optional<dnnl::convolution_backward_data::primitive_desc> backward_data;  // none for the first
    dnnl::convolution_backward_weights::primitive_desc backward_weights;
    ActivationShape shape;   // of its output
    std::size_t output;      // conv output, later its gradient
    std::size_t activated;   // behind BatchNorm, ReLU (and pooling, dropout); later its gradient
    std::size_t channels;    // mean, invstd, scale, shift: [4, C]
    std::size_t keep = 0;    // [N, C], where the layer ends a block
    std::size_t turned = 0;  // weights in the layout of backward_data, where it differs
  };
  struct Linear {
    dnnl::inner_product_forward::primitive_desc forward;
    dnnl::inner_product_backward_data::primitive_desc backward_data;
    dnnl::inner_product_backward_weights::primitive_desc backward_weights;
    std::size_t output;    // behind ReLU and dropout; logits for the last
    std::size_t gradient;  // of the output
  };

  void plan_convolutions();
  void plan_linears();
  void bind_convolution_forward(std::size_t i, std::uint8_t* arena, Parameters& parameters);
  void bind_convolution_backward(std::size_t i, std::uint8_t* arena, Parameters& parameters);
  void bind_linear_forward(std::size_t i, std::uint8_t* arena, Parameters& parameters);
  void bind_linear_backward(std::size_t i, std::uint8_t* arena, Parameters& parameters);

  void expand_masks(std::uint8_t* arena);

  using Arguments = std::vector<std::pair<int, std::pair<dnnl::memory::desc, void*>>>;
  template <typename Primitive, typename Desc>
  void add_onednn(std::string name, const Desc& desc, void* scratch, Arguments arguments);
  void add_own(std::string name, std::function<void()> run);

  const CompiledNetwork& network_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::int64_t n_;
  ArenaLayout layout_;
  std::size_t input_ = 0;
  std::size_t partial_ = 0;
  std::size_t scratch_ = 0;
  std::size_t linear_scratch_ = 0;
  std::vector<Convolution> convolutions_;
  std::vector<Linear> linears_;
  std::vector<Operation> operations_;
  const float* logits_ = nullptr;

  // What the operations of the step now running read.
  const Batch* batch_ = nullptr;
  const DropoutMasks* masks_ = nullptr;
  StepResult result_{};
};

}  // namespace bart
