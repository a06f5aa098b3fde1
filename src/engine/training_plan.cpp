#include "training_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cross_entropy.h"
#include "input.h"

namespace bart {
namespace {

using dnnl::memory;

float* floats_at(std::uint8_t* arena, std::size_t offset) {
  return reinterpret_cast<float*>(arena + offset);
}

BatchNormChannels channels_at(std::uint8_t* arena, std::size_t offset, std::int64_t channels) {
  float* first = floats_at(arena, offset);
  return {first, first + channels, first + 2 * channels, first + 3 * channels};
}

/// Shape and layout of activations, as oneDNN writes them: "[32, 64, 128, 128] nChw16c".
std::string layout_text(const ActivationShape& s, std::int64_t size) {
  return fmt::format("[{}, {}, {}, {}] nChw{}c", s.n, s.channels, size, size, s.block);
}

}  // namespace

TrainingPlan::TrainingPlan(const CompiledNetwork& network, const dnnl::engine& engine, std::int64_t n)
    : network_(network), engine_(engine), stream_(engine), n_(n) {
  const std::int64_t size = network.architecture.image_size;
  input_ =
      layout_.add(fmt::format("input [{}, 3, {}, {}] nchw", n, size, size), float_bytes(n * 3 * size * size));
  plan_convolutions();
  plan_linears();
}

void TrainingPlan::plan_convolutions() {
  constexpr auto direct = dnnl::algorithm::convolution_direct;
  std::size_t partial_bytes = 0;
  std::size_t scratch_bytes = 0;
  for (const ConvolutionLayer& layer : network_.convolutions) {
    const bool first = convolutions_.empty();
    const ConvolutionShape shape{n_, layer.in_padded, layer.out_padded, layer.size};
    const ConvolutionLayouts layouts = network_.layouts(convolutions_.size());
    const auto forward = convolution_forward_desc(engine_, shape, layouts, layer.weights_desc, direct, true);
    Convolution c{.forward = forward,
                  .backward_data = {},
                  .backward_weights = convolution_backward_weights_desc(engine_, shape, layouts,
                                                                        layer.weights_desc, direct, forward),
                  .shape = {n_, layer.out_padded, layer.size, network_.block},
                  .output = 0,
                  .activated = 0,
                  .channels = 0};
    c.output = layout_.add(
        fmt::format("{} output, then its gradient, {}", layer.name, layout_text(c.shape, layer.size)),
        float_bytes(c.shape.count()));
    c.activated =
        layout_.add(fmt::format("{} activated{}, then its gradient, {}", layer.name,
                                layer.ends_block ? " and pooled" : "",
                                layout_text(c.shape, layer.ends_block ? layer.size / 2 : layer.size)),
                    float_bytes(c.shape.count() / (layer.ends_block ? 4 : 1)));
    c.channels = layout_.add(layer.norm_name + " statistics", float_bytes(4 * layer.out_padded));
    if (layer.ends_block) c.keep = layout_.add(layer.name + " dropout", float_bytes(n_ * layer.out_padded));
    if (!first) {
      c.backward_data = convolution_backward_data_desc(engine_, shape, layouts, direct, forward);
      scratch_bytes = std::max(scratch_bytes, c.backward_data->scratchpad_desc().get_size());
      if (c.backward_data->weights_desc() != layer.weights_desc) {
        c.turned = layout_.add(layer.name + " weights for the backward pass",
                               c.backward_data->weights_desc().get_size());
      }
    }
    partial_bytes = std::max(partial_bytes, batch_norm_partial_bytes(c.shape));
    scratch_bytes = std::max({scratch_bytes, c.forward.scratchpad_desc().get_size(),
                              c.backward_weights.scratchpad_desc().get_size()});
    convolutions_.push_back(std::move(c));
  }
  partial_ = layout_.add("BatchNorm sums", partial_bytes);
  scratch_ = layout_.add("convolution scratch", scratch_bytes);
}

void TrainingPlan::plan_linears() {
  std::size_t scratch_bytes = 0;
  for (const LinearLayer& layer : network_.linears) {
    const LinearShape shape{n_, layer.in_padded, layer.out_features};
    const auto forward = linear_forward_desc(engine_, shape, layer.weights_desc, true);
    Linear l{.forward = forward,
             .backward_data = linear_backward_data_desc(engine_, shape, layer.weights_desc, forward),
             .backward_weights = linear_backward_weights_desc(engine_, shape, layer.weights_desc, forward),
             .output = layout_.add(layer.name + " output", float_bytes(n_ * layer.out_features)),
             .gradient = layout_.add(layer.name + " gradient", float_bytes(n_ * layer.out_features))};
    scratch_bytes = std::max({scratch_bytes, l.forward.scratchpad_desc().get_size(),
                              l.backward_data.scratchpad_desc().get_size(),
                              l.backward_weights.scratchpad_desc().get_size()});
    linears_.push_back(std::move(l));
  }
  linear_scratch_ = layout_.add("linear scratch", scratch_bytes);
}

void TrainingPlan::add_own(std::string name, std::function<void()> run) {
  operations_.push_back({std::move(name), "bart", std::move(run)});
}

template <typename Primitive, typename Desc>
void TrainingPlan::add_onednn(std::string name, const Desc& desc, void* scratch, Arguments arguments) {
  arguments.push_back({DNNL_ARG_SCRATCHPAD, {desc.scratchpad_desc(), scratch}});
  operations_.push_back(
      {std::move(name), desc.impl_info_str(),
       [bound = BoundPrimitive(Primitive(desc), engine_, arguments), this] { bound.run(stream_); }});
}

void TrainingPlan::bind(std::uint8_t* arena, Parameters& parameters) {
  operations_.clear();
  add_own("pictures to input", [this, input = floats_at(arena, input_)] {
    pictures_to_input(batch_->pictures, network_.architecture.image_size, input);
  });
  add_own("expand dropout masks", [this, arena] { expand_masks(arena); });
  for (std::size_t i = 0; i < convolutions_.size(); ++i) bind_convolution_forward(i, arena, parameters);
  for (std::size_t i = 0; i < linears_.size(); ++i) bind_linear_forward(i, arena, parameters);

  float* logits = floats_at(arena, linears_.back().output);
  logits_ = logits;
  add_own("cross entropy forward and backward",
          [this, logits, dlogits = floats_at(arena, linears_.back().gradient)] {
            const CrossEntropy loss = cross_entropy(n_, network_.architecture.classes, logits, batch_->labels,
                                                    batch_->class_weights, dlogits);
            result_ = {loss.loss, loss.correct};
          });
  for (std::size_t i = linears_.size(); i-- > 0;) bind_linear_backward(i, arena, parameters);
  for (std::size_t i = convolutions_.size(); i-- > 0;) bind_convolution_backward(i, arena, parameters);
}

void TrainingPlan::bind_convolution_forward(std::size_t i, std::uint8_t* arena, Parameters& parameters) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const Convolution& c = convolutions_[i];
  float* values = parameters.values.floats();
  float* statistics = parameters.statistics.floats();
  float* source = floats_at(arena, i == 0 ? input_ : convolutions_[i - 1].activated);
  float* output = floats_at(arena, c.output);
  float* activated = floats_at(arena, c.activated);
  const BatchNormChannels channels = channels_at(arena, c.channels, layer.out_padded);

  add_onednn<dnnl::convolution_forward>(
      layer.name + " forward", c.forward, arena + scratch_,
      {{DNNL_ARG_SRC, {c.forward.src_desc(), source}},
       {DNNL_ARG_WEIGHTS, {c.forward.weights_desc(), values + layer.weights}},
       {DNNL_ARG_BIAS, {c.forward.bias_desc(), values + layer.bias}},
       {DNNL_ARG_DST, {c.forward.dst_desc(), output}}});
  add_own(layer.norm_name + " statistics", [=, shape = c.shape,
                                            partial = reinterpret_cast<double*>(arena + partial_)] {
    batch_norm_statistics(shape, output, values + layer.norm_weight, values + layer.norm_bias,
                          statistics + layer.running_mean, statistics + layer.running_var, channels, partial);
  });
  if (layer.ends_block) {
    add_own(layer.norm_name + " + ReLU + pool + dropout forward",
            [=, shape = c.shape, keep = floats_at(arena, c.keep)] {
              normalize_relu_pool_forward(shape, output, channels, keep, activated);
            });
  } else {
    add_own(layer.norm_name + " + ReLU forward",
            [=, shape = c.shape] { normalize_relu_forward(shape, output, channels, activated); });
  }
}

void TrainingPlan::bind_convolution_backward(std::size_t i, std::uint8_t* arena, Parameters& parameters) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const Convolution& c = convolutions_[i];
  float* values = parameters.values.floats();
  float* gradients = parameters.gradients.floats();
  float* source = floats_at(arena, i == 0 ? input_ : convolutions_[i - 1].activated);
  float* output = floats_at(arena, c.output);
  float* activated = floats_at(arena, c.activated);  // holds the gradient by now
  auto* partial = reinterpret_cast<double*>(arena + partial_);
  const BatchNormChannels channels = channels_at(arena, c.channels, layer.out_padded);

  if (layer.ends_block) {
    add_own(layer.norm_name + " + ReLU + pool + dropout backward", [=, shape = c.shape,
                                                                    keep = floats_at(arena, c.keep)] {
      normalize_relu_pool_backward(shape, activated, values + layer.norm_weight, channels, keep, output,
                                   gradients + layer.norm_weight, gradients + layer.norm_bias, partial);
    });
  } else {
    add_own(layer.norm_name + " + ReLU backward", [=, shape = c.shape] {
      normalize_relu_backward(shape, activated, values + layer.norm_weight, channels, output,
                              gradients + layer.norm_weight, gradients + layer.norm_bias, partial);
    });
  }
  add_onednn<dnnl::convolution_backward_weights>(
      layer.name + " backward weights", c.backward_weights, arena + scratch_,
      {{DNNL_ARG_SRC, {c.backward_weights.src_desc(), source}},
       {DNNL_ARG_DIFF_DST, {c.backward_weights.diff_dst_desc(), output}},
       {DNNL_ARG_DIFF_WEIGHTS, {c.backward_weights.diff_weights_desc(), gradients + layer.weights}}});
  if (!c.backward_data) return;
  float* weights = values + layer.weights;
  if (c.turned != 0) {
    float* turned = floats_at(arena, c.turned);
    const memory::desc wanted = c.backward_data->weights_desc();
    const dnnl::reorder::primitive_desc reorder(engine_, layer.weights_desc, engine_, wanted);
    add_onednn<dnnl::reorder>(
        layer.name + " weights for backward data", reorder, arena + scratch_,
        {{DNNL_ARG_FROM, {layer.weights_desc, weights}}, {DNNL_ARG_TO, {wanted, turned}}});
    weights = turned;
  }
  add_onednn<dnnl::convolution_backward_data>(
      layer.name + " backward data", *c.backward_data, arena + scratch_,
      {{DNNL_ARG_DIFF_DST, {c.backward_data->diff_dst_desc(), output}},
       {DNNL_ARG_WEIGHTS, {c.backward_data->weights_desc(), weights}},
       {DNNL_ARG_DIFF_SRC, {c.backward_data->diff_src_desc(), source}}});
}

void TrainingPlan::bind_linear_forward(std::size_t i, std::uint8_t* arena, Parameters& parameters) {
  const LinearLayer& layer = network_.linears[i];
  const Linear& l = linears_[i];
  float* values = parameters.values.floats();
  float* source = floats_at(arena, i == 0 ? convolutions_.back().activated : linears_[i - 1].output);
  float* output = floats_at(arena, l.output);
  add_onednn<dnnl::inner_product_forward>(
      layer.name + " forward", l.forward, arena + linear_scratch_,
      {{DNNL_ARG_SRC, {l.forward.src_desc(), source}},
       {DNNL_ARG_WEIGHTS, {l.forward.weights_desc(), values + layer.weights}},
       {DNNL_ARG_BIAS, {l.forward.bias_desc(), values + layer.bias}},
       {DNNL_ARG_DST, {l.forward.dst_desc(), output}}});
  if (!layer.hidden) return;
  // Masks come in the order of layers: a Dropout2d for each block, then one for each hidden layer.
  const std::size_t mask = network_.architecture.blocks.size() + i;
  add_own(layer.name + " ReLU + dropout forward", [this, output, mask, count = n_ * layer.out_features,
                                                   scale = static_cast<float>(1 / (1 - layer.dropout))] {
    relu_dropout_forward(count, (*masks_)[mask].data(), scale, output);
  });
}

void TrainingPlan::bind_linear_backward(std::size_t i, std::uint8_t* arena, Parameters& parameters) {
  const LinearLayer& layer = network_.linears[i];
  const Linear& l = linears_[i];
  float* values = parameters.values.floats();
  float* gradients = parameters.gradients.floats();
  float* source = floats_at(arena, i == 0 ? convolutions_.back().activated : linears_[i - 1].output);
  float* gradient = floats_at(arena, l.gradient);
  if (layer.hidden) {
    add_own(layer.name + " ReLU + dropout backward",
            [=, count = n_ * layer.out_features, output = floats_at(arena, l.output),
             scale = static_cast<float>(1 / (1 - layer.dropout))] {
              relu_dropout_backward(count, output, scale, gradient);
            });
  }
  add_onednn<dnnl::inner_product_backward_weights>(
      layer.name + " backward weights", l.backward_weights, arena + linear_scratch_,
      {{DNNL_ARG_SRC, {l.backward_weights.src_desc(), source}},
       {DNNL_ARG_DIFF_DST, {l.backward_weights.diff_dst_desc(), gradient}},
       {DNNL_ARG_DIFF_WEIGHTS, {l.backward_weights.diff_weights_desc(), gradients + layer.weights}},
       {DNNL_ARG_DIFF_BIAS, {l.backward_weights.diff_bias_desc(), gradients + layer.bias}}});
  // The first layer's input gradient replaces the pooled activations, as the convolutions do it.
  float* source_gradient = i == 0 ? source : floats_at(arena, linears_[i - 1].gradient);
  add_onednn<dnnl::inner_product_backward_data>(
      layer.name + " backward data", l.backward_data, arena + linear_scratch_,
      {{DNNL_ARG_DIFF_DST, {l.backward_data.diff_dst_desc(), gradient}},
       {DNNL_ARG_WEIGHTS, {l.backward_data.weights_desc(), values + layer.weights}},
       {DNNL_ARG_DIFF_SRC, {l.backward_data.diff_src_desc(), source_gradient}}});
}

void TrainingPlan::expand_masks(std::uint8_t* arena) {
  std::size_t mask = 0;
  for (std::size_t i = 0; i < convolutions_.size(); ++i) {
    const ConvolutionLayer& layer = network_.convolutions[i];
    if (!layer.ends_block) continue;
    const std::vector<std::uint8_t>& flags = (*masks_)[mask++];
    const auto kept = static_cast<float>(1 / (1 - layer.dropout));
    float* keep = floats_at(arena, convolutions_[i].keep);
    for (std::int64_t n = 0; n < n_; ++n) {
      for (std::int64_t c = 0; c < layer.out_channels; ++c) {
        keep[n * layer.out_padded + c] =
            flags[static_cast<std::size_t>(n * layer.out_channels + c)] != 0 ? kept : 0;
      }
    }
  }
}

StepResult TrainingPlan::run(const Batch& batch, const DropoutMasks& masks) {
  batch_ = &batch;
  masks_ = &masks;
  for (const Operation& operation : operations_) operation.run();
  return result_;
}

std::vector<float> TrainingPlan::logits() const {
  return {logits_, logits_ + n_ * network_.architecture.classes};
}

std::string TrainingPlan::description() const {
  return describe(fmt::format("Training plan for a batch of {}", n_), operations_, layout_);
}

}  // namespace bart
