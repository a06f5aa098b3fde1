#include "evaluation_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "activation.h"
#include "batch_norm.h"
#include "bf16.h"
#include "convolution_kernel.h"
#include "linear_kernel.h"

namespace bart {
namespace {

/// Copies channel blocks into PyTorch's order.
template <class T>
void plain_features(const ActivationShape& shape, std::int64_t channels,
                    const T* blocked,  // [n, C / B, H, W, B]
                    float* plain) {    // [n, channels, H, W], without the padding
  const std::int64_t pixels = shape.size * shape.size;
  for (std::int64_t n = 0; n < shape.n; ++n) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const T* from =
          blocked + (n * shape.channels + c / shape.block * shape.block) * pixels + c % shape.block;
      for (std::int64_t p = 0; p < pixels; ++p) *plain++ = float_of(from[p * shape.block]);
    }
  }
}

}  // namespace

EvaluationPlan::EvaluationPlan(const CompiledNetwork& network, std::int64_t n, Team team)
    : network_(network), n_(n), team_(team) {
  const std::int64_t size = network.architecture.image_size;
  std::int64_t largest = 3 * size * size;
  for (const ConvolutionLayer& layer : network.convolutions) {
    // Features are taken before the last pooling, whose outputs are floats in both precisions.
    const bool last = &layer == &network.convolutions.back();
    convolutions_.push_back(
        layer.evaluation->evaluate({.layer = layer,
                                    .n = n,
                                    .block = network.block,
                                    .precision = network.evaluation_precision,
                                    .team = team,
                                    .pool = layer.ends_block && !last && layer.size % 2 == 0}));
    largest = std::max(largest, layer.out_padded * layer.size * layer.size);
  }
  for (const LinearLayer& layer : network.linears) {
    linears_.push_back(layer.kernel->evaluate(layer, n, team, network.evaluation_precision));
    largest = std::max(largest, layer.out_features);
  }
  std::size_t scratch_bytes = 0;
  for (const auto* kernels : {&convolutions_, &linears_}) {
    for (const EvaluationKernel& kernel : *kernels)
      scratch_bytes = std::max(scratch_bytes, kernel.scratch_bytes);
  }
  front_ = layout_.add("activations, odd operations", float_bytes(n * largest), 0, 0);
  back_ = layout_.add("activations, even operations", float_bytes(n * largest), 0, 0);
  scratch_ = layout_.add("scratch", scratch_bytes, 0, 0);
  layout_.place();
}

void EvaluationPlan::bind(std::uint8_t* arena, const Parameters& parameters,
                          const EvaluationWeights& weights) {
  operations_.clear();
  Buffers buffers{arena + layout_.offset(front_), arena + layout_.offset(back_),
                  arena + layout_.offset(scratch_)};
  for (std::size_t i = 0; i < convolutions_.size(); ++i) bind_convolution(i, weights, buffers);
  for (std::size_t i = 0; i < linears_.size(); ++i) bind_linear(i, parameters, weights, buffers);
  logits_ = static_cast<const float*>(buffers.now);
}

void EvaluationPlan::bind_kernel(const EvaluationKernel& kernel, const float* values,
                                 std::size_t weights_place, std::size_t bias_place,
                                 const EvaluationWeights& weights, Buffers& buffers) {
  const void* prepared = kernel.prepared
                             ? static_cast<const void*>(weights.prepared(*kernel.prepared, values))
                             : values + weights_place;
  std::ranges::move(kernel.bind({.pictures = &pictures_,
                                 .source = buffers.now,
                                 .output = buffers.next,
                                 .weights = prepared,
                                 .bias = values + bias_place,
                                 .scratch = buffers.scratch}),
                    std::back_inserter(operations_));
  std::swap(buffers.now, buffers.next);
}

void EvaluationPlan::bind_convolution(std::size_t i, const EvaluationWeights& weights, Buffers& buffers) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const EvaluationKernel& kernel = convolutions_[i];
  const bool last = i + 1 == convolutions_.size();
  bind_kernel(kernel, weights.folded(), layer.weights, layer.bias, weights, buffers);
  if (last) bind_features(layer, buffers.now);
  if (!layer.ends_block || kernel.pools) return;
  const ActivationShape shape = layer.shape(n_, network_.block);
  const ActivationArray activated{buffers.now, network_.evaluation_precision};
  const ActivationArray pooled{buffers.next, last ? Precision::f32 : network_.evaluation_precision};
  const double bytes =
      static_cast<double>(shape.count()) * (static_cast<double>(bytes_of(activated.precision)) +
                                            static_cast<double>(bytes_of(pooled.precision)) / 4);
  operations_.push_back(
      {layer.name + " pool", "bart",
       [team = team_, shape, activated, pooled] { max_pool_forward(team, shape, activated, pooled); }, 0,
       bytes});
  std::swap(buffers.now, buffers.next);
}

void EvaluationPlan::bind_features(const ConvolutionLayer& layer, const void* activated) {
  operations_.push_back(
      {layer.name + " features, where asked for", "bart",
       [this, shape = layer.shape(n_, network_.block), channels = layer.out_channels,
        precision = network_.evaluation_precision, activated] {
         if (features_.empty()) return;
         if (precision == Precision::bf16) {
           plain_features(shape, channels, static_cast<const Bf16*>(activated), features_.data());
         } else {
           plain_features(shape, channels, static_cast<const float*>(activated), features_.data());
         }
       }});
}

void EvaluationPlan::bind_linear(std::size_t i, const Parameters& parameters,
                                 const EvaluationWeights& weights, Buffers& buffers) {
  const LinearLayer& layer = network_.linears[i];
  bind_kernel(linears_[i], parameters.values.floats(), layer.weights, layer.bias, weights, buffers);
  if (!layer.hidden) return;
  operations_.push_back({layer.name + " ReLU", "bart",
                         [output = static_cast<float*>(buffers.now), count = n_ * layer.out_features] {
                           relu_dropout_forward(count, nullptr, 1, output);
                         }});
}

const std::vector<Operation>& EvaluationPlan::operations(Pictures pictures) {
  pictures_ = pictures;
  features_ = {};
  return operations_;
}

void EvaluationPlan::run(Pictures pictures, std::span<float> logits, std::span<float> features) {
  pictures_ = pictures;
  features_ = features;
  for (const Operation& operation : operations_) operation.run();
  std::copy_n(logits_, logits.size(), logits.begin());
}

std::string EvaluationPlan::description() const {
  return describe(fmt::format("Evaluation plan for a batch of {}", n_), operations_, layout_);
}

}  // namespace bart
