// Our own kernels by Winograd's algorithm (winograd.h).
#include <algorithm>
#include <utility>

#include "convolution_kernel.h"
#include "onednn.h"
#include "winograd.h"

namespace bart {
namespace {

WinogradShape shape_of(const ConvolutionTask& task) {
  return {task.n, task.layer.in_padded, task.layer.out_padded, task.layer.size};
}

bool can(const ConvolutionSite& site) {
  return !site.exact && !site.layer.first && has_winograd(site.precision) &&
         site.preferred == blocked_filters(site.layer.out_padded, site.layer.in_padded, site.block);
}

/// On a Zen 4 these kernels were the fastest in each layer, direction and precision; with AMX direct bf16
/// kernels are faster.
bool wins_in(Precision precision) {
  return precision == Precision::f32 || !has_amx();
}

bool wins(const ConvolutionSite& site) {
  return wins_in(site.precision);
}

/// Bytes of the activations on both sides.
double activation_bytes(const ConvolutionTask& task) {
  const ConvolutionLayer& layer = task.layer;
  return static_cast<double>(task.n * layer.size * layer.size * (layer.in_padded + layer.out_padded)) *
         static_cast<double>(bytes_of(task.precision));
}

/// 36 multiplications per tile of 4x4 outputs, where the direct algorithm needs 144.
double multiplications(const ConvolutionTask& task) {
  return task.layer.flops(task.n) / 2 * 36 / 144;
}

Operation operation(const ConvolutionTask& task, const char* direction, std::function<void()> run) {
  return {task.layer.name + direction,
          winograd_kernel.name,
          std::move(run),
          task.layer.flops(task.n),
          activation_bytes(task) + static_cast<double>(task.layer.layout.bytes()),
          multiplications(task),
          task.precision};
}

enum : std::size_t { forward_weights, turned_weights, forward_scratch, backward_scratch, gradient_scratch };

/// One thread's scratch memory for one picture.
std::size_t picture_scratch_bytes(const WinogradShape& shape, Precision precision) {
  return winograd_scratch_bytes({1, shape.in, shape.out, shape.size}, precision, Team{});
}

/// None where the weights' gradient is not made of whole pictures.
std::optional<PictureKernel> by_picture(const ConvolutionTask& task) {
  const WinogradShape shape = shape_of(task);
  const WinogradShape one{1, shape.in, shape.out, shape.size};
  const Precision precision = task.precision;
  const Team team = task.team;
  PictureKernel kernel;
  kernel.part = winograd_gradient_part(shape, precision, team);
  if (kernel.part == 0) return std::nullopt;
  kernel.prepare_forward = [=](const TrainingMemory& m) {
    return std::vector{Operation{task.layer.name + " weights for forward", winograd_kernel.name, [=] {
                                   winograd_weights(team, shape, precision, m.values.weights,
                                                    m.buffers[forward_weights]);
                                 }}};
  };
  kernel.forward = [=](const TrainingMemory& m, const PictureTask& p) {
    winograd_convolve(Team{}, one, precision, p.source.data, m.buffers[forward_weights],
                      {.normalization = m.normalization, .bias = m.values.bias}, p.output.data,
                      m.buffers[forward_scratch] +
                          static_cast<std::size_t>(p.thread) * picture_scratch_bytes(one, precision));
  };
  kernel.prepare_backward = [=](const TrainingMemory& m) {
    return std::vector{Operation{task.layer.name + " weights for backward data", winograd_kernel.name, [=] {
                                   winograd_turned_weights(team, shape, precision, m.values.weights,
                                                           m.buffers[turned_weights]);
                                 }}};
  };
  kernel.backward = [=](const TrainingMemory& m, const PictureTask& p) {
    winograd_picture_gradient(team, shape, precision, p.picture, p.thread, p.source.data, m.normalization,
                              p.output.data, m.buffers[gradient_scratch]);
    winograd_convolve(Team{}, turned(one), precision, p.output.data, m.buffers[turned_weights], {},
                      p.source_gradient.data,
                      m.buffers[backward_scratch] +
                          static_cast<std::size_t>(p.thread) * picture_scratch_bytes(turned(one), precision));
  };
  kernel.finish_backward = [=](const TrainingMemory& m) {
    return std::vector{Operation{task.layer.name + " weights' gradient added up", winograd_kernel.name, [=] {
                                   winograd_finish_gradient(team, shape, precision, m.gradients.weights,
                                                            m.buffers[gradient_scratch]);
                                 }}};
  };
  return kernel;
}

TrainingConvolution train(const ConvolutionTask& task) {
  const WinogradShape shape = shape_of(task);
  const Precision precision = task.precision;
  const Team team = task.team;
  const std::string& name = task.layer.name;
  const auto threads = static_cast<std::size_t>(team.size);
  TrainingConvolution convolution;
  convolution.buffers = {
      {name + " weights for forward", winograd_weights_bytes(shape, precision), BufferUse::forward},
      {name + " weights for backward data", winograd_weights_bytes(turned(shape), precision),
       BufferUse::backward},
      {name + " forward scratch",
       std::max(winograd_scratch_bytes(shape, precision, team),
                threads * picture_scratch_bytes(shape, precision)),
       BufferUse::forward},
      {name + " backward scratch",
       std::max(winograd_scratch_bytes(turned(shape), precision, team),
                threads * picture_scratch_bytes(turned(shape), precision)),
       BufferUse::backward},
      {name + " weights' gradient", winograd_gradient_scratch_bytes(shape, precision, team),
       BufferUse::backward}};
  convolution.forward = [=](const TrainingMemory& m) {
    return std::vector{
        operation(task, " forward",
                  [=, values = m.values, source = m.source.data, output = m.output.data,
                   transformed = m.buffers[forward_weights], scratch = m.buffers[forward_scratch],
                   fusion = WinogradFusion{.normalization = m.normalization, .bias = m.values.bias}] {
                    winograd_weights(team, shape, precision, values.weights, transformed);
                    winograd_convolve(team, shape, precision, source, transformed, fusion, output, scratch);
                  })};
  };
  convolution.backward_weights = [=](const TrainingMemory& m) {
    return std::vector{
        operation(task, " backward weights",
                  [=, source = m.source.data, normalization = m.normalization, gradient = m.output.data,
                   dweights = m.gradients.weights, scratch = m.buffers[gradient_scratch]] {
                    winograd_weight_gradient(team, shape, precision, source, normalization, gradient,
                                             dweights, scratch);
                  })};
  };
  convolution.backward_data = [=](const TrainingMemory& m) {
    return std::vector{operation(
        task, " backward data",
        [=, weights = m.values.weights, gradient = m.output.data, source_gradient = m.source_gradient.data,
         transformed = m.buffers[turned_weights], scratch = m.buffers[backward_scratch]] {
          winograd_turned_weights(team, shape, precision, weights, transformed);
          winograd_convolve(team, turned(shape), precision, gradient, transformed, {}, source_gradient,
                            scratch);
        })};
  };
  convolution.by_picture = by_picture(task);
  return convolution;
}

EvaluationKernel evaluate(const ConvolutionTask& task) {
  const WinogradShape shape = shape_of(task);
  const Precision precision = task.precision;
  EvaluationKernel kernel;
  kernel.prepared = {task.layer.weights,
                     {precision == Precision::bf16 ? "Winograd's transform in bf16" : "Winograd's transform",
                      winograd_weights_bytes(shape, precision)},
                     [=, team = task.team](const float* from, void* to) {
                       winograd_weights(team, shape, precision, from, to);
                     }};
  kernel.scratch_bytes = winograd_scratch_bytes(shape, precision, task.team);
  kernel.pools = task.pool;
  kernel.bind = [=](const EvaluationMemory& m) {
    const WinogradFusion fusion{.bias = m.bias, .relu = true, .pool = task.pool};
    return std::vector<Operation>{
        {evaluation_name(task.layer), task.pool ? "bart winograd 4x3 + pool" : "bart winograd 4x3",
         [=] {
           winograd_convolve(task.team, shape, precision, m.source, m.weights, fusion, m.output, m.scratch);
         },
         task.layer.flops(task.n), activation_bytes(task), multiplications(task), precision}};
  };
  return kernel;
}

}  // namespace

const ConvolutionKernel winograd_kernel = {
    .name = "bart winograd 4x3",
    .normalizes_source = true,
    .normalizes_output = false,
    .can = can,
    .wins = wins,
    .layout = [](const ConvolutionSite& site) { return site.preferred; },
    .train = train,
    .evaluate = evaluate,
};

bool bits_depend_on_threads(Precision precision, bool exact) {
  return exact || !has_winograd(precision) || !wins_in(precision);
}

}  // namespace bart
