#include "evaluation_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "activation.h"
#include "input.h"

namespace bart {
namespace {

/// From channel blocks to PyTorch's order.
void plain_features(const ActivationShape& shape, std::int64_t channels,
                    const float* blocked,  // [n, C / B, H, W, B]
                    float* plain) {        // [n, channels, H, W], without the padding
  const std::int64_t pixels = shape.size * shape.size;
  for (std::int64_t n = 0; n < shape.n; ++n) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const float* from =
          blocked + (n * shape.channels + c / shape.block * shape.block) * pixels + c % shape.block;
      for (std::int64_t p = 0; p < pixels; ++p) *plain++ = from[p * shape.block];
    }
  }
}

}  // namespace

void fold_batch_norms(const CompiledNetwork& network, const dnnl::engine& engine,
                      const Parameters& parameters, FoldedConvolutions& folded) {
  if (folded.current) return;
  if (folded.values.size() == 0) folded.values = AlignedMemory(network.parameter_count * sizeof(float));
  const float* values = parameters.values.floats();
  const float* statistics = parameters.statistics.floats();
  for (const ConvolutionLayer& c : network.convolutions) {
    std::vector<float> weights(static_cast<std::size_t>(c.out_channels * c.in_channels * 9));
    export_weights(c, engine, values + c.weights, weights.data());
    for (std::int64_t o = 0; o < c.out_channels; ++o) {
      const double invstd =
          1 / std::sqrt(static_cast<double>(statistics[c.running_var + o]) + batch_norm_eps);
      const double scale = invstd * static_cast<double>(values[c.norm_weight + o]);
      float* row = weights.data() + o * c.in_channels * 9;
      for (std::int64_t k = 0; k < c.in_channels * 9; ++k) row[k] = static_cast<float>(row[k] * scale);
      const double centred = static_cast<double>(values[c.bias + o]) - statistics[c.running_mean + o];
      folded.values.floats()[c.bias + o] = static_cast<float>(centred * scale + values[c.norm_bias + o]);
    }
    import_weights(c, engine, weights.data(), folded.values.floats() + c.weights);
  }
  folded.current = true;
}

EvaluationPlan::EvaluationPlan(const CompiledNetwork& network, const dnnl::engine& engine, std::int64_t n)
    : network_(network), engine_(engine), stream_(engine), n_(n) {
  const std::int64_t size = network.architecture.image_size;
  std::int64_t largest = 3 * size * size;
  std::size_t scratch_bytes = 0;
  for (const ConvolutionLayer& layer : network.convolutions) {
    const ConvolutionShape shape{n, layer.in_padded, layer.out_padded, layer.size};
    const ConvolutionLayouts layouts = network.layouts(convolutions_.size());
    convolutions_.push_back({convolution_forward_desc(engine, shape, layouts, layer.weights_desc,
                                                      dnnl::algorithm::convolution_direct, false),
                             {n, layer.out_padded, layer.size, network.block}});
    largest = std::max(largest, convolutions_.back().shape.count() / n);
    scratch_bytes = std::max(scratch_bytes, convolutions_.back().forward.scratchpad_desc().get_size());
  }
  for (const LinearLayer& layer : network.linears) {
    linears_.push_back(
        linear_forward_desc(engine, {n, layer.in_padded, layer.out_features}, layer.weights_desc, false));
    largest = std::max(largest, layer.out_features);
    scratch_bytes = std::max(scratch_bytes, linears_.back().scratchpad_desc().get_size());
  }
  front_ = layout_.add("activations, odd operations", float_bytes(n * largest));
  back_ = layout_.add("activations, even operations", float_bytes(n * largest));
  scratch_ = layout_.add("scratch", scratch_bytes);
}

void EvaluationPlan::bind(std::uint8_t* arena, const Parameters& parameters,
                          const FoldedConvolutions& folded) {
  operations_.clear();
  auto* now = reinterpret_cast<float*>(arena + front_);
  auto* next = reinterpret_cast<float*>(arena + back_);
  void* scratch = arena + scratch_;
  const auto add_onednn = [&](const std::string& name, const auto& desc, const dnnl::primitive& primitive,
                              const float* weights, const float* bias) {
    BoundPrimitive bound(primitive, engine_,
                         {{DNNL_ARG_SRC, {desc.src_desc(), now}},
                          {DNNL_ARG_WEIGHTS, {desc.weights_desc(), const_cast<float*>(weights)}},
                          {DNNL_ARG_BIAS, {desc.bias_desc(), const_cast<float*>(bias)}},
                          {DNNL_ARG_DST, {desc.dst_desc(), next}},
                          {DNNL_ARG_SCRATCHPAD, {desc.scratchpad_desc(), scratch}}});
    operations_.push_back(
        {name, desc.impl_info_str(), [this, bound = std::move(bound)] { bound.run(stream_); }});
    std::swap(now, next);
  };

  operations_.push_back({"pictures to input", "bart", [this, now] {
                           pictures_to_input(pictures_, network_.architecture.image_size, now);
                         }});
  const float* folded_values = folded.values.floats();
  for (std::size_t i = 0; i < convolutions_.size(); ++i) {
    const ConvolutionLayer& layer = network_.convolutions[i];
    const Convolution& c = convolutions_[i];
    add_onednn(fmt::format("{} + {} + ReLU", layer.name, layer.norm_name), c.forward,
               dnnl::convolution_forward(c.forward), folded_values + layer.weights,
               folded_values + layer.bias);
    if (i + 1 == convolutions_.size()) {
      operations_.push_back({layer.name + " features, where asked for", "bart",
                             [this, shape = c.shape, channels = layer.out_channels, now] {
                               if (!features_.empty()) plain_features(shape, channels, now, features_.data());
                             }});
    }
    if (!layer.ends_block) continue;
    operations_.push_back(
        {layer.name + " pool", "bart", [shape = c.shape, now, next] { max_pool_forward(shape, now, next); }});
    std::swap(now, next);
  }
  const float* values = parameters.values.floats();
  for (std::size_t i = 0; i < linears_.size(); ++i) {
    const LinearLayer& layer = network_.linears[i];
    add_onednn(layer.name, linears_[i], dnnl::inner_product_forward(linears_[i]), values + layer.weights,
               values + layer.bias);
    if (!layer.hidden) continue;
    operations_.push_back({layer.name + " ReLU", "bart", [now, count = n_ * layer.out_features] {
                             relu_dropout_forward(count, nullptr, 1, now);
                           }});
  }
  logits_ = now;
}

void EvaluationPlan::run(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                         std::span<float> features) {
  pictures_ = pictures;
  features_ = features;
  for (const Operation& operation : operations_) operation.run();
  std::copy_n(logits_, logits.size(), logits.begin());
}

std::string EvaluationPlan::description() const {
  return describe(fmt::format("Evaluation plan for a batch of {}", n_), operations_, layout_);
}

}  // namespace bart
