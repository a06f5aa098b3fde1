// The convolutions of a training plan: their buffers and operations, each with the BatchNorm, ReLU, pooling
// and dropout that follow it.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "training_plan.h"

namespace bart {
namespace {

/// Shape and layout of activations, as oneDNN writes them: "[32, 64, 128, 128] nChw16c".
std::string layout_text(const ActivationShape& s, std::int64_t size, Precision precision) {
  return fmt::format("[{}, {}, {}, {}] nChw{}c{}", s.n, s.channels, size, size, s.block,
                     precision == Precision::bf16 ? " bf16" : "");
}

std::size_t activation_bytes(std::int64_t count, Precision precision) {
  return static_cast<std::size_t>(count) * bytes_of(precision);
}

ConvolutionValues values_of(const ConvolutionLayer& layer, float* array) {
  return {array + layer.weights, array + layer.bias, array + layer.norm_weight, array + layer.norm_bias};
}

}  // namespace

void TrainingPlan::plan_convolution(std::size_t i) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const ActivationShape shape = shape_of(i);
  const int now = forward_time(i);
  const int back = backward_time(i);
  Convolution& c = convolutions_[i];
  const bool activations = layer.training->normalizes_output;
  if (i == 0 && by_picture(0)) {
    plan_rooms(c);
  } else {
    c.output = layout_.add(
        fmt::format("{} {}, then its gradient, {}", layer.name, activations ? "activated" : "output",
                    layout_text(shape, layer.size, network_.precision)),
        activation_bytes(shape.count(), network_.precision), now, back);
  }
  c.channels = layout_.add(layer.norm_name + " statistics", float_bytes(4 * layer.out_padded), now, back);
  c.activated = c.output;
  if (!activations) plan_batch_norm(i, c);
  for (const KernelBuffer& buffer : c.kernel.buffers) {
    const bool forward = buffer.use != BufferUse::backward;
    const bool backward = buffer.use != BufferUse::forward;
    c.kernel_buffers.push_back(
        layout_.add(buffer.name, buffer.bytes, forward ? now : back, backward ? back : now));
  }
  if (slices_.cut() && !activations) plan_slice_kernels(i, c);
}

ConvolutionTask TrainingPlan::task_of(std::size_t i, std::int64_t n) const {
  return {.layer = network_.convolutions[i],
          .n = n,
          .block = network_.block,
          .precision = network_.precision,
          .team = network_.team,
          .slices = &slices_};
}

/// A process without a picture has nothing to compute, except where a kernel itself adds up over processes.
bool TrainingPlan::computes(std::size_t i) const {
  return n_ > 0 || network_.convolutions[i].training->normalizes_output;
}

void TrainingPlan::plan_slice_kernels(std::size_t i, Convolution& c) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const int back = backward_time(i);
  for (const BatchSlices::Slice& slice : slices_.own()) {
    const auto same_size = [&](const SliceKernel& kernel) { return kernel.pictures == slice.size(); };
    if (slice.size() == 0 || std::ranges::any_of(c.slice_kernels, same_size)) continue;
    SliceKernel kernel{
        .pictures = slice.size(), .kernel = layer.training->train(task_of(i, slice.size())), .buffers = {}};
    for (const KernelBuffer& buffer : kernel.kernel.buffers) {
      const bool backward = buffer.use != BufferUse::forward;
      kernel.buffers.push_back(
          layout_.add(buffer.name + " of a slice", backward ? buffer.bytes : 0, back, back));
    }
    c.slice_kernels.push_back(std::move(kernel));
  }
  c.slice_gradients =
      layout_.add(layer.name + " weights' gradients of slices",
                  static_cast<std::size_t>(slices_.own_count()) * layer.layout.bytes(), back, back);
}

void TrainingPlan::plan_batch_norm(std::size_t i, Convolution& c) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const ActivationShape shape = shape_of(i);
  const int now = forward_time(i);
  const int back = backward_time(i);
  const bool gradient_alone = normalized_by_next(i);
  c.activated = layout_.add(
      fmt::format("{} activated{}{}, {}", layer.name, layer.ends_block ? " and pooled" : "",
                  gradient_alone ? ": its gradient" : ", then its gradient",
                  layout_text(shape, layer.ends_block ? layer.size / 2 : layer.size, activated_precision(i))),
      activation_bytes(shape.count() / (layer.ends_block ? 4 : 1), activated_precision(i)),
      gradient_alone ? backward_time(i + 1) : now, back);
  if (layer.ends_block) {
    c.keep = layout_.add(layer.name + " dropout", float_bytes(n_ * layer.out_padded), 0, back);
  }
  const std::size_t sums = batch_norm_partial_bytes(shape, slices_);
  c.forward_sums = layout_.add(layer.norm_name + " sums", sums, now, now);
  // Picture by picture the next convolution makes them.
  c.backward_sums = layout_.add(layer.norm_name + " gradient sums", sums,
                                by_picture(i + 1) ? backward_time(i + 1) : back, back);
}

bool TrainingPlan::normalized_by_next(std::size_t i) const {
  const ConvolutionLayer& layer = network_.convolutions[i];
  return !layer.training->normalizes_output && !layer.ends_block &&
         network_.convolutions[i + 1].training->normalizes_source;
}

ActivationShape TrainingPlan::shape_of(std::size_t i) const {
  return network_.convolutions[i].shape(n_, network_.block);
}

Precision TrainingPlan::activated_precision(std::size_t i) const {
  return i + 1 < network_.convolutions.size() ? network_.precision : Precision::f32;
}

ActivationArray TrainingPlan::output_of(std::size_t i) const {
  return {bytes(convolutions_[i].output), network_.precision};
}

ActivationArray TrainingPlan::activated_of(std::size_t i) const {
  return {bytes(convolutions_[i].activated), activated_precision(i)};
}

BatchNormChannels TrainingPlan::channels_of(std::size_t i) const {
  const std::int64_t channels = network_.convolutions[i].out_padded;
  float* first = floats(convolutions_[i].channels);
  return {first, first + channels, first + 2 * channels, first + 3 * channels};
}

TrainingMemory TrainingPlan::memory_of(std::size_t i, Parameters& parameters) const {
  const ConvolutionLayer& layer = network_.convolutions[i];
  float* statistics = parameters.statistics.floats();
  TrainingMemory memory{.pictures = &pictures_,
                        .source = {nullptr, network_.precision},
                        .normalization = {},
                        .output = output_of(i),
                        .source_gradient = {nullptr, network_.precision},
                        .values = values_of(layer, parameters.values.floats()),
                        .gradients = values_of(layer, parameters.gradients.floats()),
                        .running_mean = statistics + layer.running_mean,
                        .running_var = statistics + layer.running_var,
                        .channels = channels_of(i),
                        .buffers = {}};
  for (const std::size_t buffer : convolutions_[i].kernel_buffers) memory.buffers.push_back(bytes(buffer));
  if (i == 0) return memory;
  memory.source_gradient = activated_of(i - 1);  // overwrites the activations, if they are stored
  memory.source = memory.source_gradient;
  if (normalized_by_next(i - 1)) {
    memory.source = output_of(i - 1);
    memory.normalization = {channels_of(i - 1).scale, channels_of(i - 1).shift};
  }
  return memory;
}

void TrainingPlan::bind_convolution_forward(std::size_t i, Parameters& parameters) {
  if (by_picture(i)) {
    bind_forward_by_picture(i, parameters);
  } else {
    const TrainingMemory memory = memory_of(i, parameters);
    if (computes(i)) add(convolutions_[i].kernel.forward(memory));
    if (!network_.convolutions[i].training->normalizes_output) bind_statistics(i, memory);
  }
  if (!network_.convolutions[i].training->normalizes_output) bind_normalization(i);
}

void TrainingPlan::bind_statistics(std::size_t i, const TrainingMemory& m) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const ActivationShape shape = shape_of(i);
  add(layer.norm_name + " statistics",
      static_cast<double>(shape.count()) * static_cast<double>(bytes_of(m.output.precision)),
      [=, team = network_.team, &slices = slices_, exact = network_.exact, output = m.output,
       channels = m.channels, weight = m.values.norm_weight, bias = m.values.norm_bias, mean = m.running_mean,
       var = m.running_var, partial = reinterpret_cast<double*>(bytes(convolutions_[i].forward_sums))] {
        if (exact) {
          exact_batch_norm_statistics(team, shape, slices, static_cast<const float*>(output.data), weight,
                                      bias, mean, var, channels, partial);
        } else {
          batch_norm_statistics(team, shape, slices, output, weight, bias, mean, var, channels, partial);
        }
      });
}

/// Unless the next convolution does it.
void TrainingPlan::bind_normalization(std::size_t i) {
  if (normalized_by_next(i) || by_picture(i + 1)) return;
  const ConvolutionLayer& layer = network_.convolutions[i];
  const ActivationShape shape = shape_of(i);
  const ActivationArray output = output_of(i);
  const ActivationArray activated = activated_of(i);
  const auto count = static_cast<double>(shape.count());
  const double moved =
      count * static_cast<double>(bytes_of(output.precision)) +
      count * static_cast<double>(bytes_of(activated.precision)) / (layer.ends_block ? 4 : 1);
  const auto normalize = [=, team = network_.team, channels = channels_of(i), keep = keep_of(i),
                          pool = layer.ends_block] {
    if (pool) {
      normalize_relu_pool_forward(team, shape, output, channels, keep, activated);
    } else {
      normalize_relu_forward(team, shape, output, channels, activated);
    }
  };
  add(layer.norm_name + (layer.ends_block ? " + ReLU + pool + dropout forward" : " + ReLU forward"), moved,
      normalize);
}

void TrainingPlan::bind_batch_norm_backward(std::size_t i, const TrainingMemory& m) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const Convolution& c = convolutions_[i];
  const ActivationShape shape = shape_of(i);
  const ActivationArray output = m.output;
  const ActivationArray activated = activated_of(i);  // now holds their gradient
  auto* partial = reinterpret_cast<double*>(bytes(c.backward_sums));
  const BatchNormChannels channels = m.channels;
  const Team team = network_.team;
  const float* weight = m.values.norm_weight;
  float* dweight = m.gradients.norm_weight;
  float* dbias = m.gradients.norm_bias;
  const auto count = static_cast<double>(shape.count());
  const double moved =
      2 * count * static_cast<double>(bytes_of(output.precision)) +
      count * static_cast<double>(bytes_of(activated.precision)) / (layer.ends_block ? 4 : 1);

  if (layer.ends_block) {
    add(layer.norm_name + " + ReLU + pool + dropout backward", moved,
        [=, &slices = slices_, keep = keep_of(i)] {
          normalize_relu_pool_backward(team, shape, slices, activated, weight, channels, keep, output,
                                       dweight, dbias, partial);
        });
  } else {
    add(layer.norm_name + " + ReLU backward", moved, [=, &slices = slices_] {
      normalize_relu_backward(team, shape, slices, activated, weight, channels, output, dweight, dbias,
                              partial);
    });
  }
}

void TrainingPlan::bind_convolution_backward(std::size_t i, Parameters& parameters) {
  const TrainingMemory memory = memory_of(i, parameters);
  if (by_picture(i)) {
    bind_backward_by_picture(i, parameters);
    return;
  }
  if (!network_.convolutions[i].training->normalizes_output) bind_batch_norm_backward(i, memory);
  if (slices_.cut() && !network_.convolutions[i].training->normalizes_output) {
    bind_slice_gradients(i, memory);
  } else {
    add(convolutions_[i].kernel.backward_weights(memory));
  }
  const TrainingConvolution& kernel = convolutions_[i].kernel;
  if (kernel.backward_data) add(kernel.backward_data(memory));
}

void TrainingPlan::bind_slice_gradients(std::size_t i, const TrainingMemory& m) {
  const ConvolutionLayer& layer = network_.convolutions[i];
  const Convolution& c = convolutions_[i];
  const auto weights = static_cast<std::int64_t>(layer.layout.bytes() / sizeof(float));
  float* gradients = floats(c.slice_gradients);
  const std::int64_t inputs = layer.in_padded * layer.size * layer.size;  // per picture
  const std::int64_t outputs = layer.out_padded * layer.size * layer.size;
  float* gradient = gradients;
  for (const BatchSlices::Slice& slice : slices_.own()) {
    if (slice.size() == 0) {
      add(layer.name + " gradient of an empty slice", 0, [=] { std::fill_n(gradient, weights, 0.0f); });
    } else {
      const SliceKernel& kernel = *std::ranges::find(c.slice_kernels, slice.size(), &SliceKernel::pictures);
      TrainingMemory memory = m;
      memory.source = m.source.at(slice.first * inputs);
      memory.output = m.output.at(slice.first * outputs);
      memory.gradients.weights = gradient;
      memory.buffers.clear();
      for (const std::size_t buffer : kernel.buffers) memory.buffers.push_back(bytes(buffer));
      add(kernel.kernel.backward_weights(memory));
    }
    gradient += weights;
  }
  add(layer.name + " gradients of slices added", static_cast<double>(slices_.own_count() * weights) * 4,
      [=, &slices = slices_, sum = m.gradients.weights] {
        slices.add_own(gradients, weights);
        std::copy_n(gradients, weights, sum);
        slices.begin_add_processes(sum, weights);
      });
}

void TrainingPlan::expand_masks() {
  std::size_t mask = 0;
  for (std::size_t i = 0; i < convolutions_.size(); ++i) {
    const ConvolutionLayer& layer = network_.convolutions[i];
    if (!layer.ends_block) continue;
    const std::vector<std::uint8_t>& flags = (*masks_)[mask++];
    const auto kept = static_cast<float>(1 / (1 - layer.dropout));
    float* keep = keep_of(i);
    const std::int64_t first = slices_.first_picture();
    for (std::int64_t n = 0; n < n_; ++n) {
      for (std::int64_t c = 0; c < layer.out_padded; ++c) {
        const bool on = c < layer.out_channels &&
                        flags[static_cast<std::size_t>((first + n) * layer.out_channels + c)] != 0;
        keep[n * layer.out_padded + c] = on ? kept : 0;
      }
    }
  }
}

}  // namespace bart
