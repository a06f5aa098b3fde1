#include "evaluation_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "activation.h"
#include "bart/platform/error.h"
#include "input.h"
#include "pixel_convolution.h"

namespace bart {
namespace {

using dnnl::memory;

float float_of(float value) {
  return value;
}

float float_of(Bf16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

/// From channel blocks to PyTorch's order.
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

void check_evaluation(const CompiledNetwork& network, std::size_t pictures, std::size_t logits,
                      std::size_t features) {
  const ConvolutionLayer& last = network.convolutions.back();
  if (features != 0 &&
      features != pictures * static_cast<std::size_t>(last.out_channels * last.size * last.size)) {
    throw Error("evaluate needs room for the features of all pictures");
  }
  if (logits != pictures * static_cast<std::size_t>(network.architecture.classes)) {
    throw Error("evaluate needs room for [pictures, classes] logits");
  }
}

EvaluationPlan::EvaluationPlan(const CompiledNetwork& network, const dnnl::engine& engine, std::int64_t n)
    : network_(network), engine_(engine), stream_(engine), n_(n) {
  const std::int64_t size = network.architecture.image_size;
  std::int64_t largest = 3 * size * size;
  std::size_t scratch_bytes = 0;
  for (const ConvolutionLayer& layer : network.convolutions) {
    const ConvolutionShape shape{n, layer.in_padded, layer.out_padded, layer.size};
    const ConvolutionLayouts layouts = network.layouts(convolutions_.size(), layer.evaluation.precision);
    const Precision precision = layer.evaluation.precision;
    Convolution c{.forward = {}, .shape = layer.shape(n, network.block)};
    if (layer.from_pixels) {
      const std::size_t bytes = layer.weights_desc.get_size();
      c.prepared = {layer.weights, {"of bytes", bytes}, [bytes](const float* from, void* to) {
                      std::transform(from, from + bytes / sizeof(float), static_cast<float*>(to),
                                     [](float weight) { return weight / 255; });
                    }};
      scratch_bytes = std::max(scratch_bytes, pixel_convolution_scratch_bytes(c.shape, network.threads));
    } else if (layer.evaluation.winograd) {
      const WinogradShape winograd = layer.winograd_shape(n);
      c.prepared = {layer.weights,
                    {precision == Precision::bf16 ? "winograd bf16" : "winograd f32",
                     winograd_weights_bytes(winograd, precision)},
                    [winograd, precision](const float* from, void* to) {
                      winograd_weights(winograd, precision, from, to);
                    }};
      scratch_bytes = std::max(scratch_bytes, winograd_scratch_bytes(winograd, precision, network.threads));
    } else {
      const memory::desc weights = precision == Precision::bf16
                                       ? convolution_weights(shape, memory::format_tag::any, precision)
                                       : layer.weights_desc;
      c.forward = convolution_forward_desc(engine, shape, layouts, weights, false);
      if (c.forward->weights_desc() != layer.weights_desc) {
        c.prepared = {layer.weights, WeightsLayout(OneDnnLayout{c.forward->weights_desc()}),
                      [&engine, own = layer.weights_desc, wanted = c.forward->weights_desc()](
                          const float* from, void* to) { reorder_weights(engine, own, from, wanted, to); }};
      }
      scratch_bytes = std::max(scratch_bytes, c.forward->scratchpad_desc().get_size());
    }
    largest = std::max(largest, c.shape.count() / n);
    convolutions_.push_back(std::move(c));
  }
  for (const LinearLayer& layer : network.linears) {
    const LinearShape shape{n, layer.in_padded, layer.out_features};
    Linear l{.forward = linear_forward_desc(engine, shape, layer.weights_desc, false), .single = {}};
    scratch_bytes = std::max(scratch_bytes, l.forward.scratchpad_desc().get_size());
    if (const std::int64_t block = n == 1 ? output_block(shape, layer.weights_desc) : 0; block > 0) {
      l.single = MatrixShape{layer.in_padded, layer.out_features, block};
      scratch_bytes = std::max(scratch_bytes, multiply_vector_bytes(*l.single));
      if (network.convolutions.back().evaluation.precision == Precision::bf16) {
        const std::size_t count = layer.weights_desc.get_size() / sizeof(float);
        l.rounded = {
            layer.weights, {"rounded to bf16", count * sizeof(Bf16)}, [count](const float* from, void* to) {
              round_weights(static_cast<std::int64_t>(count), from, static_cast<Bf16*>(to));
            }};
      }
    }
    linears_.push_back(std::move(l));
    largest = std::max(largest, layer.out_features);
  }
  front_ = layout_.add("activations, odd operations", float_bytes(n * largest), 0, 0);
  back_ = layout_.add("activations, even operations", float_bytes(n * largest), 0, 0);
  scratch_ = layout_.add("scratch", scratch_bytes, 0, 0);
  layout_.place();
}

void EvaluationPlan::bind(std::uint8_t* arena, const Parameters& parameters,
                          const EvaluationWeights& all_weights) {
  operations_.clear();
  void* now = arena + layout_.offset(front_);
  void* next = arena + layout_.offset(back_);
  void* scratch = arena + layout_.offset(scratch_);
  const auto add_onednn = [&](const std::string& name, const auto& desc, const dnnl::primitive& primitive,
                              const void* weights, const float* bias, double flops) {
    const double bytes = static_cast<double>(desc.src_desc().get_size() + desc.weights_desc().get_size() +
                                             desc.dst_desc().get_size());
    BoundPrimitive bound(primitive, engine_,
                         {{DNNL_ARG_SRC, {desc.src_desc(), now}},
                          {DNNL_ARG_WEIGHTS, {desc.weights_desc(), const_cast<void*>(weights)}},
                          {DNNL_ARG_BIAS, {desc.bias_desc(), const_cast<float*>(bias)}},
                          {DNNL_ARG_DST, {desc.dst_desc(), next}},
                          {DNNL_ARG_SCRATCHPAD, {desc.scratchpad_desc(), scratch}}});
    operations_.push_back(
        {name, desc.impl_info_str(), [this, bound = std::move(bound)] { bound.run(stream_); }, flops, bytes});
    std::swap(now, next);
  };

  if (const ConvolutionLayer& first = network_.convolutions.front(); !first.from_pixels) {
    operations_.push_back(
        {"pictures to input", "bart", [this, input = Activations{now, first.evaluation.precision}] {
           pictures_to_input(pictures_, network_.architecture.image_size, input);
         }});
  }
  const float* folded_values = all_weights.folded();
  for (std::size_t i = 0; i < convolutions_.size(); ++i) {
    const ConvolutionLayer& layer = network_.convolutions[i];
    const Convolution& c = convolutions_[i];
    const void* weights = c.prepared
                              ? static_cast<const void*>(all_weights.prepared(*c.prepared, folded_values))
                              : folded_values + layer.weights;
    const std::string name = fmt::format("{} + {} + ReLU", layer.name, layer.norm_name);
    const float* bias = folded_values + layer.bias;
    const bool last = i + 1 == convolutions_.size();
    // Features are asked for before the last pooling, and in either precision its outputs are floats.
    const bool fused_pool = layer.evaluation.winograd && layer.ends_block && !last && layer.size % 2 == 0 &&
                            network_.convolutions[i + 1].evaluation.precision == layer.evaluation.precision;
    if (c.forward) {
      add_onednn(name, *c.forward, dnnl::convolution_forward(*c.forward), weights, bias, layer.flops(n_));
    } else if (layer.from_pixels) {
      const Activations activated{next, layer.evaluation.precision};
      operations_.push_back(
          {name, "bart pixels",
           [=, this, shape = c.shape, filters = static_cast<const float*>(weights)] {
             pixel_convolution_forward(shape, pictures_, filters, bias, activated, nullptr, scratch);
           },
           layer.flops(n_),
           static_cast<double>(c.shape.count()) * static_cast<double>(bytes_of(activated.precision))});
      std::swap(now, next);
    } else {
      const auto numbers =
          static_cast<double>(n_ * layer.size * layer.size * (layer.in_padded + layer.out_padded));
      operations_.push_back({name, fused_pool ? "bart winograd 4x3 + pool" : "bart winograd 4x3",
                             [=, shape = layer.winograd_shape(n_), precision = layer.evaluation.precision,
                              fusion = WinogradFusion{.bias = bias, .relu = true, .pool = fused_pool}] {
                               winograd_convolve(shape, precision, now, weights, fusion, next, scratch);
                             },
                             layer.flops(n_),
                             numbers * static_cast<double>(bytes_of(layer.evaluation.precision))});
      std::swap(now, next);
    }
    const Activations activated{now, layer.evaluation.precision};
    if (last) {
      operations_.push_back(
          {layer.name + " features, where asked for", "bart",
           [this, shape = c.shape, channels = layer.out_channels, activated] {
             if (features_.empty()) return;
             if (activated.precision == Precision::bf16) {
               plain_features(shape, channels, static_cast<const Bf16*>(activated.data), features_.data());
             } else {
               plain_features(shape, channels, static_cast<const float*>(activated.data), features_.data());
             }
           }});
    }
    if (!layer.ends_block || fused_pool) continue;
    const Activations pooled{next, last ? Precision::f32 : network_.convolutions[i + 1].evaluation.precision};
    const double bytes =
        static_cast<double>(c.shape.count()) * (static_cast<double>(bytes_of(activated.precision)) +
                                                static_cast<double>(bytes_of(pooled.precision)) / 4);
    operations_.push_back(
        {layer.name + " pool", "bart",
         [shape = c.shape, activated, pooled] { max_pool_forward(shape, activated, pooled); }, 0, bytes});
    std::swap(now, next);
  }
  const float* values = parameters.values.floats();
  for (std::size_t i = 0; i < linears_.size(); ++i) {
    const LinearLayer& layer = network_.linears[i];
    const Linear& l = linears_[i];
    if (l.single) {
      const Activations weights =
          l.rounded ? Activations{const_cast<std::uint8_t*>(all_weights.prepared(*l.rounded, values)),
                                  Precision::bf16}
                    : Activations{const_cast<float*>(values) + layer.weights, Precision::f32};
      operations_.push_back(
          {layer.name, "bart matrix by vector",
           [shape = *l.single, weights, x = static_cast<const float*>(now), bias = values + layer.bias,
            y = static_cast<float*>(next),
            partial = static_cast<float*>(scratch)] { multiply_vector(shape, weights, x, bias, y, partial); },
           layer.flops(n_),
           static_cast<double>(l.single->in * l.single->out) *
               static_cast<double>(bytes_of(weights.precision))});
      std::swap(now, next);
    } else {
      add_onednn(layer.name, l.forward, dnnl::inner_product_forward(l.forward), values + layer.weights,
                 values + layer.bias, layer.flops(n_));
    }
    if (!layer.hidden) continue;
    operations_.push_back(
        {layer.name + " ReLU", "bart", [output = static_cast<float*>(now), count = n_ * layer.out_features] {
           relu_dropout_forward(count, nullptr, 1, output);
         }});
  }
  logits_ = static_cast<const float*>(now);
}

void EvaluationPlan::run(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                         std::span<float> features) {
  pictures_ = pictures;
  features_ = features;
  for (const Operation& operation : operations_) operation.run();
  std::copy_n(logits_, logits.size(), logits.begin());
}

std::vector<OperationTime> EvaluationPlan::time(std::span<const std::uint8_t* const> pictures, int rounds) {
  pictures_ = pictures;
  features_ = {};
  return time_operations(operations_, rounds);
}

std::string EvaluationPlan::description() const {
  return describe(fmt::format("Evaluation plan for a batch of {}", n_), operations_, layout_);
}

}  // namespace bart
