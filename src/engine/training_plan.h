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
#include "patch_moments.h"
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
  std::vector<OperationTime> time(const Batch& batch, const DropoutMasks& masks, int rounds);
  std::vector<float> logits() const;
  std::string description() const;

 private:
  struct Convolution {
    // The direct kernels, where our own do not take their place; there is no backward data for the first.
    std::optional<dnnl::convolution_forward::primitive_desc> forward;
    std::optional<dnnl::convolution_backward_data::primitive_desc> backward_data;
    std::optional<dnnl::convolution_backward_weights::primitive_desc> backward_weights;
    ActivationShape shape;  // of its output
    // Buffers of the arena, by number.
    std::size_t output = 0;  // conv output, later its gradient
    // Behind BatchNorm, ReLU (and pooling, dropout); later its gradient, and where the next convolution
    // normalizes its inputs itself that alone.
    std::size_t activated = 0;
    std::size_t channels = 0;                         // mean, invstd, scale, shift: [4, C]
    std::size_t keep = 0;                             // [N, C], where the layer ends a block
    std::size_t forward_sums = 0, backward_sums = 0;  // of BatchNorm
    std::size_t forward_scratch = 0, backward_scratch = 0;
    // Weights in the layout and precision of the kernel, where these are not the parameters' own.
    std::optional<std::size_t> forward_weights = {}, turned_weights = {};
    // Of a layer that starts from pixels, which has no output.
    std::size_t folded = 0;  // filters and offsets, [28, C]
    std::size_t mask = 0;    // of ReLU
  };
  struct Linear {
    dnnl::inner_product_forward::primitive_desc forward;
    dnnl::inner_product_backward_data::primitive_desc backward_data;
    dnnl::inner_product_backward_weights::primitive_desc backward_weights;
    std::size_t output = 0;    // behind ReLU and dropout; logits for the last
    std::size_t gradient = 0;  // of the output
    std::size_t forward_scratch = 0, backward_scratch = 0;
  };

  // The clock of the arena: layers forward, the loss, layers backward. A layer is a convolution or a linear
  // layer with all that follows it, counted from 0.
  int forward_time(std::size_t layer) const { return static_cast<int>(layer); }
  int loss_time() const { return static_cast<int>(network_.convolutions.size() + network_.linears.size()); }
  int backward_time(std::size_t layer) const { return 2 * loss_time() - static_cast<int>(layer); }

  void plan_convolution(std::size_t i);
  void plan_pixels();
  void plan_kernels(std::size_t i, Convolution& c);
  void plan_linear(std::size_t i);
  bool normalized_by_next(std::size_t i) const;  // convolution i + 1 reads the output of convolution i
  Activations source_of(std::size_t i) const;    // of convolution i
  WinogradNormalization normalization_of_source(std::size_t i) const;
  Activations activated_of(std::size_t i) const;  // behind convolution i
  Activations output_of(std::size_t i) const;
  Precision activated_precision(std::size_t i) const;
  std::uint8_t* bytes(std::size_t buffer) const;
  float* floats(std::size_t buffer) const;
  BatchNormChannels channels_of(std::size_t i) const;
  void bind_pixels_forward(Parameters& parameters);
  void bind_pixels_backward(Parameters& parameters);
  void bind_convolution_forward(std::size_t i, Parameters& parameters);
  void bind_convolution_backward(std::size_t i, Parameters& parameters);
  void add_convolution_forward(std::size_t i, Parameters& parameters);
  void add_convolution_backward_weights(std::size_t i, Parameters& parameters);
  void add_convolution_backward_data(std::size_t i, Parameters& parameters);
  void bind_linear_forward(std::size_t i, Parameters& parameters);
  void bind_linear_backward(std::size_t i, Parameters& parameters);

  void expand_masks();

  using Arguments = std::vector<std::pair<int, std::pair<dnnl::memory::desc, void*>>>;
  void add_onednn(std::string name, const dnnl::primitive_desc_base& desc, const dnnl::primitive& primitive,
                  std::size_t scratch, Arguments arguments, double flops);
  void add_own(std::string name, double bytes, std::function<void()> run);
  void add_winograd(std::string name, std::size_t i, std::function<void()> run);
  /// The weights at `from`, or the copy that an operation makes of them for a kernel that wants others.
  void* weights_for(const std::string& name, const dnnl::memory::desc& own, float* from,
                    const dnnl::memory::desc& wanted, const std::optional<std::size_t>& copy,
                    std::size_t scratch);

  const CompiledNetwork& network_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::int64_t n_;
  ArenaLayout layout_;
  std::uint8_t* arena_ = nullptr;
  std::size_t input_ = 0;  // of a first layer that does not start from pixels
  std::vector<Convolution> convolutions_;
  std::vector<Linear> linears_;
  std::vector<Operation> operations_;
  const float* logits_ = nullptr;

  // What the operations of the step now running read.
  const Batch* batch_ = nullptr;
  const DropoutMasks* masks_ = nullptr;
  PatchMoments moments_{};  // of its pictures
  StepResult result_{};
};

}  // namespace bart
