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

/// Of a picture after convolution i, or after the pooling that follows it.
std::size_t activation_bytes(const CompiledNetwork& network, std::size_t i, bool pooled) {
  const ConvolutionLayer& layer = network.convolutions[i];
  const std::int64_t size = pooled ? layer.size / 2 : layer.size;
  return static_cast<std::size_t>(layer.out_padded * size * size) * bytes_of(network.evaluation_precision);
}

}  // namespace

EvaluationPlan::EvaluationPlan(const CompiledNetwork& network, std::int64_t n, Team team)
    : network_(network),
      n_(n),
      team_(team),
      in_parts_(wide_convolutions(network, &ConvolutionLayer::evaluation)) {
  const std::int64_t size = network.architecture.image_size;
  std::size_t part_bytes = 0, bytes = 0;  // of a picture
  for (std::size_t i = 0; i < network.convolutions.size(); ++i) {
    std::size_t& largest = i < in_parts_ ? part_bytes : bytes;
    largest = std::max(largest, activation_bytes(network, i, false));
  }
  // What the first blocks leave is pooled.
  bytes = std::max(
      bytes, in_parts_ > 0 ? activation_bytes(network, in_parts_ - 1, true) : float_bytes(3 * size * size));

  const std::int64_t part = std::min<std::int64_t>(n, team.size);
  if (in_parts_ > 0) {
    for (std::int64_t first = 0; first < n; first += part)
      parts_.push_back({.first = first, .n = std::min(part, n - first)});
    part_convolutions_ = kernels_for(0, in_parts_, part);
    last_part_convolutions_ = kernels_for(0, in_parts_, parts_.back().n);
  }
  convolutions_ = kernels_for(in_parts_, network.convolutions.size(), n);
  for (const LinearLayer& layer : network.linears) {
    linears_.push_back(layer.kernel->evaluate(layer, n, team, network.evaluation_precision));
    bytes = std::max(bytes, float_bytes(layer.out_features));
  }
  std::size_t scratch_bytes = 0;
  for (const auto* kernels : {&part_convolutions_, &last_part_convolutions_, &convolutions_, &linears_}) {
    for (const EvaluationKernel& kernel : *kernels)
      scratch_bytes = std::max(scratch_bytes, kernel.scratch_bytes);
  }
  enum : int { parts, batch };  // times
  part_front_ = layout_.add("activations of a part, odd operations",
                            static_cast<std::size_t>(part) * part_bytes, parts, parts);
  part_back_ = layout_.add("activations of a part, even operations",
                           static_cast<std::size_t>(part) * part_bytes, parts, parts);
  front_ = layout_.add("activations, odd operations", static_cast<std::size_t>(n) * bytes, parts, batch);
  back_ = layout_.add("activations, even operations", static_cast<std::size_t>(n) * bytes, batch, batch);
  scratch_ = layout_.add("scratch", scratch_bytes, parts, batch);
  layout_.place();
}

/// The kernels of the convolutions from `first` to `end` for n pictures.
std::vector<EvaluationKernel> EvaluationPlan::kernels_for(std::size_t first, std::size_t end,
                                                          std::int64_t n) const {
  std::vector<EvaluationKernel> kernels;
  for (std::size_t i = first; i < end; ++i) {
    const ConvolutionLayer& layer = network_.convolutions[i];
    // Features are taken before the last pooling, whose outputs are floats in both precisions.
    const bool last = i + 1 == network_.convolutions.size();
    kernels.push_back(layer.evaluation->evaluate({.layer = layer,
                                                  .n = n,
                                                  .block = network_.block,
                                                  .precision = network_.evaluation_precision,
                                                  .team = team_,
                                                  .pool = layer.ends_block && !last && layer.size % 2 == 0}));
  }
  return kernels;
}

void EvaluationPlan::bind(std::uint8_t* arena, const Parameters& parameters,
                          const EvaluationWeights& weights) {
  operations_.clear();
  bind_parts(arena, weights);
  Buffers buffers{arena + layout_.offset(front_), arena + layout_.offset(back_),
                  arena + layout_.offset(scratch_)};
  for (std::size_t i = in_parts_; i < network_.convolutions.size(); ++i)
    bind_convolution(i, convolutions_[i - in_parts_], n_, &pictures_, nullptr, weights, buffers);
  for (std::size_t i = 0; i < linears_.size(); ++i) bind_linear(i, parameters, weights, buffers);
  logits_ = static_cast<const float*>(buffers.now);
}

void EvaluationPlan::bind_parts(std::uint8_t* arena, const EvaluationWeights& weights) {
  if (in_parts_ == 0) return;
  const std::size_t output_bytes = activation_bytes(network_, in_parts_ - 1, true);
  for (const Part& part : parts_) {
    const auto& kernels = &part == &parts_.back() ? last_part_convolutions_ : part_convolutions_;
    Buffers buffers{arena + layout_.offset(part_front_), arena + layout_.offset(part_back_),
                    arena + layout_.offset(scratch_)};
    std::uint8_t* const output =
        arena + layout_.offset(front_) + static_cast<std::size_t>(part.first) * output_bytes;
    for (std::size_t i = 0; i < in_parts_; ++i) {
      bind_convolution(i, kernels[i], part.n, &part.pictures, i + 1 == in_parts_ ? output : nullptr, weights,
                       buffers);
    }
  }
}

void EvaluationPlan::bind_kernel(const EvaluationKernel& kernel, const Pictures* pictures,
                                 const float* values, std::size_t weights_place, std::size_t bias_place,
                                 const EvaluationWeights& weights, Buffers& buffers) {
  const void* prepared = kernel.prepared
                             ? static_cast<const void*>(weights.prepared(*kernel.prepared, values))
                             : values + weights_place;
  std::ranges::move(kernel.bind({.pictures = pictures,
                                 .source = buffers.now,
                                 .output = buffers.next,
                                 .weights = prepared,
                                 .bias = values + bias_place,
                                 .scratch = buffers.scratch}),
                    std::back_inserter(operations_));
  std::swap(buffers.now, buffers.next);
}

void EvaluationPlan::bind_convolution(std::size_t i, const EvaluationKernel& kernel, std::int64_t n,
                                      const Pictures* pictures, void* pooled,
                                      const EvaluationWeights& weights, Buffers& buffers) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const bool last = i + 1 == network_.convolutions.size();
  if (kernel.pools && pooled != nullptr) buffers.next = pooled;
  bind_kernel(kernel, pictures, weights.folded(), layer.weights, layer.bias, weights, buffers);
  if (last) bind_features(layer, buffers.now);
  if (!layer.ends_block || kernel.pools) return;
  if (pooled != nullptr) buffers.next = pooled;
  const ActivationShape shape = layer.shape(n, network_.block);
  const ActivationArray activated{buffers.now, network_.evaluation_precision};
  const ActivationArray after{buffers.next, last ? Precision::f32 : network_.evaluation_precision};
  const double bytes =
      static_cast<double>(shape.count()) * (static_cast<double>(bytes_of(activated.precision)) +
                                            static_cast<double>(bytes_of(after.precision)) / 4);
  operations_.push_back(
      {layer.name + " pool", "bart",
       [team = team_, shape, activated, after] { max_pool_forward(team, shape, activated, after); }, 0,
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
  bind_kernel(linears_[i], &pictures_, parameters.values.floats(), layer.weights, layer.bias, weights,
              buffers);
  if (!layer.hidden) return;
  operations_.push_back({layer.name + " ReLU", "bart",
                         [output = static_cast<float*>(buffers.now), count = n_ * layer.out_features] {
                           relu_dropout_forward(count, nullptr, 1, output);
                         }});
}

void EvaluationPlan::set_pictures(Pictures pictures) {
  pictures_ = pictures;
  for (Part& part : parts_)
    part.pictures = pictures.subspan(static_cast<std::size_t>(part.first), static_cast<std::size_t>(part.n));
}

const std::vector<Operation>& EvaluationPlan::operations(Pictures pictures) {
  set_pictures(pictures);
  features_ = {};
  return operations_;
}

void EvaluationPlan::run(Pictures pictures, std::span<float> logits, std::span<float> features) {
  set_pictures(pictures);
  features_ = features;
  for (const Operation& operation : operations_) operation.run();
  std::copy_n(logits_, logits.size(), logits.begin());
}

std::string EvaluationPlan::description() const {
  return describe(fmt::format("Evaluation plan for a batch of {}", n_), operations_, layout_);
}

}  // namespace bart
