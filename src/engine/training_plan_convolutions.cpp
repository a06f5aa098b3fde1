// The convolutions of a training plan: their buffers and operations, each with the BatchNorm, ReLU, pooling
// and dropout behind it.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "input.h"
#include "pixel_convolution.h"
#include "training_plan.h"

namespace bart {
namespace {

using dnnl::memory;

/// Shape and layout of activations, as oneDNN writes them: "[32, 64, 128, 128] nChw16c".
std::string layout_text(const ActivationShape& s, std::int64_t size, Precision precision) {
  return fmt::format("[{}, {}, {}, {}] nChw{}c{}", s.n, s.channels, size, size, s.block,
                     precision == Precision::bf16 ? " bf16" : "");
}

std::size_t activation_bytes(std::int64_t count, Precision precision) {
  return static_cast<std::size_t>(count) * bytes_of(precision);
}

}  // namespace

Precision TrainingPlan::activated_precision(std::size_t i) const {
  return i + 1 < network_.convolutions.size() ? network_.convolutions[i + 1].kernels.precision
                                              : Precision::f32;
}

void TrainingPlan::plan_pixels() {
  const ConvolutionLayer& layer = network_.convolutions.front();
  Convolution c{
      .forward = {}, .backward_data = {}, .backward_weights = {}, .shape = layer.shape(n_, network_.block)};
  const int now = forward_time(0);
  const int back = backward_time(0);
  c.activated = layout_.add(fmt::format("{} activated, then its gradient, {}", layer.name,
                                        layout_text(c.shape, layer.size, activated_precision(0))),
                            activation_bytes(c.shape.count(), activated_precision(0)), now, back);
  c.mask = layout_.add(layer.name + " ReLU mask", pixel_mask_bytes(c.shape), now, back);
  c.channels = layout_.add(layer.norm_name + " statistics", float_bytes(4 * layer.out_padded), now, back);
  c.folded = layout_.add(layer.name + " weights with " + layer.norm_name,
                         float_bytes((patch_elements + 1) * layer.out_padded), now, now);
  c.forward_scratch = layout_.add(layer.name + " forward scratch",
                                  std::max(patch_moments_scratch_bytes(layer.size, network_.threads),
                                           pixel_convolution_scratch_bytes(c.shape, network_.threads)),
                                  now, now);
  c.backward_scratch =
      layout_.add(layer.name + " backward scratch",
                  pixel_convolution_gradient_scratch_bytes(c.shape, network_.threads), back, back);
  convolutions_.push_back(std::move(c));
}

void TrainingPlan::plan_convolution(std::size_t i) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const Precision precision = layer.kernels.precision;
  Convolution c{
      .forward = {}, .backward_data = {}, .backward_weights = {}, .shape = layer.shape(n_, network_.block)};
  if (i == 0) {
    input_ = layout_.add(fmt::format("input [{}, {}, {}, {}] nchw{}", n_, layer.in_channels, layer.size,
                                     layer.size, precision == Precision::bf16 ? " bf16" : ""),
                         activation_bytes(n_ * layer.in_channels * layer.size * layer.size, precision), 0,
                         backward_time(0));
  }
  const int now = forward_time(i);
  const int back = backward_time(i);
  c.output = layout_.add(fmt::format("{} output, then its gradient, {}", layer.name,
                                     layout_text(c.shape, layer.size, precision)),
                         activation_bytes(c.shape.count(), precision), now, back);
  const bool gradient_alone = normalized_by_next(i);
  c.activated = layout_.add(
      fmt::format(
          "{} activated{}{}, {}", layer.name, layer.ends_block ? " and pooled" : "",
          gradient_alone ? ": its gradient" : ", then its gradient",
          layout_text(c.shape, layer.ends_block ? layer.size / 2 : layer.size, activated_precision(i))),
      activation_bytes(c.shape.count() / (layer.ends_block ? 4 : 1), activated_precision(i)),
      gradient_alone ? backward_time(i + 1) : now, back);
  c.channels = layout_.add(layer.norm_name + " statistics", float_bytes(4 * layer.out_padded), now, back);
  if (layer.ends_block) {
    c.keep = layout_.add(layer.name + " dropout", float_bytes(n_ * layer.out_padded), 0, back);
  }
  const std::size_t sums = batch_norm_partial_bytes(c.shape);
  c.forward_sums = layout_.add(layer.norm_name + " sums", sums, now, now);
  c.backward_sums = layout_.add(layer.norm_name + " gradient sums", sums, back, back);
  plan_kernels(i, c);
  convolutions_.push_back(std::move(c));
}

void TrainingPlan::plan_kernels(std::size_t i, Convolution& c) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const Precision precision = layer.kernels.precision;
  const int now = forward_time(i);
  const int back = backward_time(i);
  const auto copy_of_weights = [&](const char* purpose, std::size_t bytes, int time) {
    return layout_.add(fmt::format("{} weights for {}", layer.name, purpose), bytes, time, time);
  };
  std::size_t forward_scratch = 0;
  std::size_t backward_scratch = 0;
  if (layer.kernels.winograd) {
    const WinogradShape shape = layer.winograd_shape(n_);
    forward_scratch = winograd_scratch_bytes(shape, precision, network_.threads);
    backward_scratch = std::max(winograd_gradient_scratch_bytes(shape, precision, network_.threads),
                                winograd_scratch_bytes(turned(shape), precision, network_.threads));
    c.forward_weights = copy_of_weights("forward", winograd_weights_bytes(shape, precision), now);
    c.turned_weights =
        copy_of_weights("backward data", winograd_weights_bytes(turned(shape), precision), back);
  } else {
    const ConvolutionShape shape{n_, layer.in_padded, layer.out_padded, layer.size};
    const ConvolutionLayouts layouts = network_.layouts(i, precision);
    const auto other_than_own = [&](const char* purpose, const memory::desc& wanted, int time) {
      return wanted == layer.weights_desc ? std::nullopt
                                          : std::optional(copy_of_weights(purpose, wanted.get_size(), time));
    };
    const memory::desc weights = precision == Precision::bf16
                                     ? convolution_weights(shape, memory::format_tag::any, precision)
                                     : layer.weights_desc;
    c.forward = convolution_forward_desc(engine_, shape, layouts, weights, true);
    forward_scratch = c.forward->scratchpad_desc().get_size();
    c.forward_weights = other_than_own("forward", c.forward->weights_desc(), now);
    c.backward_weights =
        convolution_backward_weights_desc(engine_, shape, layouts, layer.weights_desc, *c.forward);
    backward_scratch = c.backward_weights->scratchpad_desc().get_size();
    if (i > 0) {
      c.backward_data = convolution_backward_data_desc(engine_, shape, layouts, *c.forward);
      backward_scratch = std::max(backward_scratch, c.backward_data->scratchpad_desc().get_size());
      c.turned_weights = other_than_own("backward data", c.backward_data->weights_desc(), back);
    }
  }
  c.forward_scratch = layout_.add(layer.name + " forward scratch", forward_scratch, now, now);
  c.backward_scratch = layout_.add(layer.name + " backward scratch", backward_scratch, back, back);
}

Activations TrainingPlan::output_of(std::size_t i) const {
  return {floats(convolutions_[i].output), network_.convolutions[i].kernels.precision};
}

Activations TrainingPlan::activated_of(std::size_t i) const {
  return {floats(convolutions_[i].activated), activated_precision(i)};
}

bool TrainingPlan::normalized_by_next(std::size_t i) const {
  const ConvolutionLayer& layer = network_.convolutions[i];
  return !layer.from_pixels && !layer.ends_block && network_.convolutions[i + 1].kernels.winograd;
}

Activations TrainingPlan::source_of(std::size_t i) const {
  if (i > 0) return normalized_by_next(i - 1) ? output_of(i - 1) : activated_of(i - 1);
  return {floats(input_), network_.convolutions.front().kernels.precision};
}

WinogradNormalization TrainingPlan::normalization_of_source(std::size_t i) const {
  if (!normalized_by_next(i - 1)) return {};
  const BatchNormChannels channels = channels_of(i - 1);
  return {channels.scale, channels.shift};
}

BatchNormChannels TrainingPlan::channels_of(std::size_t i) const {
  const std::int64_t channels = network_.convolutions[i].out_padded;
  float* first = floats(convolutions_[i].channels);
  return {first, first + channels, first + 2 * channels, first + 3 * channels};
}

void* TrainingPlan::weights_for(const std::string& name, const memory::desc& own, float* from,
                                const memory::desc& wanted, const std::optional<std::size_t>& copy,
                                std::size_t scratch) {
  if (!copy) return from;
  const auto reorder = reorder_desc(engine_, own, wanted);
  add_onednn(name, reorder, dnnl::reorder(reorder), scratch,
             {{DNNL_ARG_FROM, {own, from}}, {DNNL_ARG_TO, {wanted, floats(*copy)}}}, 0);
  return floats(*copy);
}

void TrainingPlan::bind_pixels_forward(Parameters& parameters) {
  const ConvolutionLayer& layer = network_.convolutions.front();
  const Convolution& c = convolutions_.front();
  const float* values = parameters.values.floats();
  float* statistics = parameters.statistics.floats();
  const BatchNormChannels channels = channels_of(0);
  const Activations activated = activated_of(0);
  const auto picture_bytes = static_cast<double>(n_ * layer.size * layer.size * layer.in_channels);
  add_own(layer.norm_name + " statistics", picture_bytes,
          [=, this, shape = c.shape, scratch = floats(c.forward_scratch)] {
            moments_ = patch_moments(batch_->pictures, shape.size, scratch);
            pixel_convolution_statistics(shape, moments_, values + layer.weights, values + layer.bias,
                                         values + layer.norm_weight, values + layer.norm_bias,
                                         statistics + layer.running_mean, statistics + layer.running_var,
                                         channels);
          });
  operations_.push_back(
      {layer.name + " forward", "bart pixels + BatchNorm + ReLU",
       [=, this, shape = c.shape, folded = floats(c.folded), mask = bytes(c.mask),
        scratch = floats(c.forward_scratch)] {
         float* offset = folded + patch_elements * shape.channels;
         fold_pixel_convolution(shape, values + layer.weights, values + layer.bias, channels, folded, offset);
         pixel_convolution_forward(shape, batch_->pictures, folded, offset, activated, mask, scratch);
       },
       layer.flops(n_),
       picture_bytes + static_cast<double>(activation_bytes(c.shape.count(), activated.precision))});
}

void TrainingPlan::bind_pixels_backward(Parameters& parameters) {
  const ConvolutionLayer& layer = network_.convolutions.front();
  const Convolution& c = convolutions_.front();
  const float* values = parameters.values.floats();
  float* gradients = parameters.gradients.floats();
  const BatchNormChannels channels = channels_of(0);
  const Activations gradient = activated_of(0);
  operations_.push_back(
      {layer.name + " backward weights", "bart pixels + BatchNorm + ReLU",
       [=, this, shape = c.shape, mask = bytes(c.mask), scratch = floats(c.backward_scratch)] {
         pixel_convolution_backward(shape, batch_->pictures, moments_, gradient, mask, values + layer.weights,
                                    values + layer.norm_weight, channels, gradients + layer.weights,
                                    gradients + layer.norm_weight, gradients + layer.norm_bias, scratch);
       },
       layer.flops(n_), static_cast<double>(activation_bytes(c.shape.count(), gradient.precision))});
}

void TrainingPlan::bind_convolution_forward(std::size_t i, Parameters& parameters) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const Convolution& c = convolutions_[i];
  float* values = parameters.values.floats();
  float* statistics = parameters.statistics.floats();
  const Activations output = output_of(i);
  const Activations activated = activated_of(i);
  const BatchNormChannels channels = channels_of(i);
  if (i == 0) {
    add_own("pictures to input", static_cast<double>(n_ * layer.in_channels * layer.size * layer.size) * 5,
            [this, input = source_of(0)] {
              pictures_to_input(batch_->pictures, network_.architecture.image_size, input);
            });
  }
  const auto count = static_cast<double>(c.shape.count());
  const double output_bytes = count * static_cast<double>(bytes_of(output.precision));
  const double activated_bytes =
      count * static_cast<double>(bytes_of(activated.precision)) / (layer.ends_block ? 4 : 1);

  add_convolution_forward(i, parameters);
  add_own(layer.norm_name + " statistics", output_bytes,
          [=, this, shape = c.shape, partial = reinterpret_cast<double*>(floats(c.forward_sums))] {
            const float* weight = values + layer.norm_weight;
            const float* bias = values + layer.norm_bias;
            float* mean = statistics + layer.running_mean;
            float* var = statistics + layer.running_var;
            if (network_.exact) {
              exact_batch_norm_statistics(shape, static_cast<const float*>(output.data), weight, bias, mean,
                                          var, channels, partial);
            } else {
              batch_norm_statistics(shape, output, weight, bias, mean, var, channels, partial);
            }
          });
  if (layer.ends_block) {
    add_own(layer.norm_name + " + ReLU + pool + dropout forward", output_bytes + activated_bytes,
            [=, shape = c.shape, keep = floats(c.keep)] {
              normalize_relu_pool_forward(shape, output, channels, keep, activated);
            });
  } else if (!normalized_by_next(i)) {
    add_own(layer.norm_name + " + ReLU forward", output_bytes + activated_bytes,
            [=, shape = c.shape] { normalize_relu_forward(shape, output, channels, activated); });
  }
}

void TrainingPlan::bind_convolution_backward(std::size_t i, Parameters& parameters) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const Convolution& c = convolutions_[i];
  float* values = parameters.values.floats();
  float* gradients = parameters.gradients.floats();
  const Activations output = output_of(i);
  const Activations activated = activated_of(i);  // holds the gradient by now
  auto* partial = reinterpret_cast<double*>(floats(c.backward_sums));
  const BatchNormChannels channels = channels_of(i);
  const auto count = static_cast<double>(c.shape.count());
  const double bytes =
      2 * count * static_cast<double>(bytes_of(output.precision)) +
      count * static_cast<double>(bytes_of(activated.precision)) / (layer.ends_block ? 4 : 1);

  if (layer.ends_block) {
    add_own(layer.norm_name + " + ReLU + pool + dropout backward", bytes,
            [=, shape = c.shape, keep = floats(c.keep)] {
              normalize_relu_pool_backward(shape, activated, values + layer.norm_weight, channels, keep,
                                           output, gradients + layer.norm_weight, gradients + layer.norm_bias,
                                           partial);
            });
  } else {
    add_own(layer.norm_name + " + ReLU backward", bytes, [=, shape = c.shape] {
      normalize_relu_backward(shape, activated, values + layer.norm_weight, channels, output,
                              gradients + layer.norm_weight, gradients + layer.norm_bias, partial);
    });
  }
  add_convolution_backward_weights(i, parameters);
  if (i > 0) add_convolution_backward_data(i, parameters);
}

void TrainingPlan::add_winograd(std::string name, std::size_t i, std::function<void()> run) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const auto numbers =
      static_cast<double>(n_ * layer.size * layer.size * (layer.in_padded + layer.out_padded));
  operations_.push_back({std::move(name), "bart winograd 4x3", std::move(run), layer.flops(n_),
                         numbers * static_cast<double>(bytes_of(layer.kernels.precision)) +
                             static_cast<double>(layer.weights_desc.get_size())});
}

void TrainingPlan::add_convolution_forward(std::size_t i, Parameters& parameters) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const Convolution& c = convolutions_[i];
  float* weights = parameters.values.floats() + layer.weights;
  float* bias = parameters.values.floats() + layer.bias;
  void* source = source_of(i).data;
  void* output = output_of(i).data;
  const std::string name = layer.name + " forward";
  if (!c.forward) {
    add_winograd(name, i,
                 [=, shape = layer.winograd_shape(n_), precision = layer.kernels.precision,
                  transformed = floats(*c.forward_weights), scratch = floats(c.forward_scratch),
                  fusion = WinogradFusion{.normalization = normalization_of_source(i), .bias = bias}] {
                   winograd_weights(shape, precision, weights, transformed);
                   winograd_convolve(shape, precision, source, transformed, fusion, output, scratch);
                 });
    return;
  }
  void* wanted = weights_for(layer.name + " weights for forward", layer.weights_desc, weights,
                             c.forward->weights_desc(), c.forward_weights, c.forward_scratch);
  add_onednn(name, *c.forward, dnnl::convolution_forward(*c.forward), c.forward_scratch,
             {{DNNL_ARG_SRC, {c.forward->src_desc(), source}},
              {DNNL_ARG_WEIGHTS, {c.forward->weights_desc(), wanted}},
              {DNNL_ARG_BIAS, {c.forward->bias_desc(), bias}},
              {DNNL_ARG_DST, {c.forward->dst_desc(), output}}},
             layer.flops(n_));
}

void TrainingPlan::add_convolution_backward_weights(std::size_t i, Parameters& parameters) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const Convolution& c = convolutions_[i];
  float* dweights = parameters.gradients.floats() + layer.weights;
  void* source = source_of(i).data;
  void* gradient = output_of(i).data;
  const std::string name = layer.name + " backward weights";
  if (!c.backward_weights) {
    add_winograd(name, i,
                 [=, shape = layer.winograd_shape(n_), precision = layer.kernels.precision,
                  scratch = floats(c.backward_scratch), normalization = normalization_of_source(i)] {
                   winograd_weight_gradient(shape, precision, source, normalization, gradient, dweights,
                                            scratch);
                 });
    return;
  }
  add_onednn(name, *c.backward_weights, dnnl::convolution_backward_weights(*c.backward_weights),
             c.backward_scratch,
             {{DNNL_ARG_SRC, {c.backward_weights->src_desc(), source}},
              {DNNL_ARG_DIFF_DST, {c.backward_weights->diff_dst_desc(), gradient}},
              {DNNL_ARG_DIFF_WEIGHTS, {c.backward_weights->diff_weights_desc(), dweights}}},
             layer.flops(n_));
}

void TrainingPlan::add_convolution_backward_data(std::size_t i, Parameters& parameters) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const Convolution& c = convolutions_[i];
  float* weights = parameters.values.floats() + layer.weights;
  void* source_gradient =
      activated_of(i - 1).data;  // in the place of what was activated, where that is stored
  void* gradient = output_of(i).data;
  const std::string name = layer.name + " backward data";
  if (!c.backward_data) {
    add_winograd(name, i,
                 [=, shape = layer.winograd_shape(n_), precision = layer.kernels.precision,
                  transformed = floats(*c.turned_weights), scratch = floats(c.backward_scratch)] {
                   winograd_turned_weights(shape, precision, weights, transformed);
                   winograd_convolve(turned(shape), precision, gradient, transformed, {}, source_gradient,
                                     scratch);
                 });
    return;
  }
  void* wanted = weights_for(layer.name + " weights for backward data", layer.weights_desc, weights,
                             c.backward_data->weights_desc(), c.turned_weights, c.backward_scratch);
  add_onednn(name, *c.backward_data, dnnl::convolution_backward_data(*c.backward_data), c.backward_scratch,
             {{DNNL_ARG_DIFF_DST, {c.backward_data->diff_dst_desc(), gradient}},
              {DNNL_ARG_WEIGHTS, {c.backward_data->weights_desc(), wanted}},
              {DNNL_ARG_DIFF_SRC, {c.backward_data->diff_src_desc(), source_gradient}}},
             layer.flops(n_));
}

void TrainingPlan::expand_masks() {
  std::size_t mask = 0;
  for (std::size_t i = 0; i < convolutions_.size(); ++i) {
    const ConvolutionLayer& layer = network_.convolutions[i];
    if (!layer.ends_block) continue;
    const std::vector<std::uint8_t>& flags = (*masks_)[mask++];
    const auto kept = static_cast<float>(1 / (1 - layer.dropout));
    float* keep = floats(convolutions_[i].keep);
    for (std::int64_t n = 0; n < n_; ++n) {
      for (std::int64_t c = 0; c < layer.out_padded; ++c) {
        const bool on =
            c < layer.out_channels && flags[static_cast<std::size_t>(n * layer.out_channels + c)] != 0;
        keep[n * layer.out_padded + c] = on ? kept : 0;
      }
    }
  }
}

}  // namespace bart
