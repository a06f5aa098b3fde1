// Our own kernel for the first layer, straight from the bytes of the pictures (pixel_convolution.h).
#include <algorithm>
#include <array>
#include <iterator>
#include <new>
#include <utility>

#include "convolution_kernel.h"
#include "pixel_convolution.h"

namespace bart {
namespace {

/// Bytes of all pictures.
double picture_bytes(const ConvolutionTask& task) {
  return static_cast<double>(task.n * task.layer.size * task.layer.size * task.layer.in_channels);
}

double output_bytes(const ConvolutionTask& task) {
  return static_cast<double>(task.shape().count()) * static_cast<double>(bytes_of(task.precision));
}

enum : std::size_t { mask, folded_weights, batch_moments, forward_scratch, backward_scratch };

/// The moments of the whole batch from those of this process's pictures.
void add_over_processes(const BatchSlices& slices, PatchMoments& moments) {
  if (!slices.shared()) return;
  std::array<std::int64_t, 1 + patch_elements + patch_elements * patch_elements> all{moments.count};
  std::ranges::copy(moments.sums, all.begin() + 1);
  std::ranges::copy(moments.gram, all.begin() + 1 + patch_elements);
  slices.add_processes(all.data(), std::ssize(all));
  moments.count = all.front();
  std::copy_n(all.begin() + 1, moments.sums.size(), moments.sums.begin());
  std::copy_n(all.begin() + 1 + patch_elements, moments.gram.size(), moments.gram.begin());
}

/// The batch's statistics, and the filters with BatchNorm.
Operation statistics(const ConvolutionTask& task, const TrainingMemory& m) {
  return {task.layer.norm_name + " statistics", "bart",
          [=] {
            const ActivationShape shape = task.shape();
            PatchMoments& moments = *new (m.buffers[batch_moments]) PatchMoments(
                patch_moments(task.team, *m.pictures, shape.size, m.buffers[forward_scratch]));
            add_over_processes(*task.slices, moments);
            pixel_convolution_statistics(task.team, shape, moments, m.values.weights, m.values.bias,
                                         m.values.norm_weight, m.values.norm_bias, m.running_mean,
                                         m.running_var, m.channels);
            auto* folded = reinterpret_cast<float*>(m.buffers[folded_weights]);
            fold_pixel_convolution(shape, m.values.weights, m.values.bias, m.channels, folded,
                                   folded + patch_elements * shape.channels);
          },
          0, picture_bytes(task)};
}

void convolve(const Team& team, const ActivationShape& shape, Pictures pictures, const TrainingMemory& m,
              ActivationArray output, std::uint8_t* mask_to, std::uint8_t* scratch) {
  const auto* folded = reinterpret_cast<const float*>(m.buffers[folded_weights]);
  pixel_convolution_forward(team, shape, pictures, folded, folded + patch_elements * shape.channels, output,
                            mask_to, scratch);
}

Operation forward(const ConvolutionTask& task, const TrainingMemory& m) {
  return {task.layer.name + " forward",
          "bart pixels + BatchNorm + ReLU",
          [=] {
            convolve(task.team, task.shape(), *m.pictures, m, m.output, m.buffers[mask],
                     m.buffers[forward_scratch]);
          },
          task.layer.flops(task.n),
          picture_bytes(task) + output_bytes(task),
          task.layer.flops(task.n) / 2};
}

void finish_gradients(const ConvolutionTask& task, const TrainingMemory& m) {
  const auto& moments = *std::launder(reinterpret_cast<PatchMoments*>(m.buffers[batch_moments]));
  pixel_convolution_gradients(task.team, task.shape(), *task.slices, moments, m.values.weights,
                              m.values.norm_weight, m.channels, m.gradients.weights, m.gradients.norm_weight,
                              m.gradients.norm_bias, m.buffers[backward_scratch]);
}

Operation backward_weights(const ConvolutionTask& task, const TrainingMemory& m) {
  return {task.layer.name + " backward weights",
          "bart pixels + BatchNorm + ReLU",
          [=] {
            pixel_convolution_gradient_sums(task.team, task.shape(), *task.slices, *m.pictures, 0, 0,
                                            m.output, m.buffers[mask], m.buffers[backward_scratch]);
            finish_gradients(task, m);
          },
          task.layer.flops(task.n),
          output_bytes(task),
          task.layer.flops(task.n) / 2};
}

PictureKernel by_picture(const ConvolutionTask& task) {
  const auto mask_of = [bytes = pixel_mask_bytes(task.layer.shape(1, task.block))](const TrainingMemory& m,
                                                                                   std::int64_t picture) {
    return m.buffers[mask] + static_cast<std::size_t>(picture) * bytes;
  };
  const auto picture_of = [](const TrainingMemory& m, std::int64_t picture) {
    return m.pictures->subspan(static_cast<std::size_t>(picture), 1);
  };
  PictureKernel kernel;
  kernel.prepare_forward = [=](const TrainingMemory& m) { return std::vector{statistics(task, m)}; };
  kernel.forward = [=, one = task.layer.shape(1, task.block)](const TrainingMemory& m, const PictureTask& p) {
    std::uint8_t* scratch = m.buffers[forward_scratch] +
                            static_cast<std::size_t>(p.thread) * pixel_convolution_scratch_bytes(one, Team{});
    convolve(Team{}, one, picture_of(m, p.picture), m, p.output, mask_of(m, p.picture), scratch);
  };
  kernel.backward = [=](const TrainingMemory& m, const PictureTask& p) {
    pixel_convolution_gradient_sums(Team{}, task.shape(), *task.slices, picture_of(m, p.picture), p.picture,
                                    p.thread, p.output, mask_of(m, p.picture), m.buffers[backward_scratch]);
  };
  kernel.finish_backward = [=](const TrainingMemory& m) {
    return std::vector{Operation{task.layer.name + " weights' gradient added up",
                                 "bart pixels + BatchNorm + ReLU", [=] { finish_gradients(task, m); }}};
  };
  return kernel;
}

TrainingConvolution train(const ConvolutionTask& task) {
  const ConvolutionLayer& layer = task.layer;
  const ActivationShape shape = task.shape();
  TrainingConvolution convolution;
  convolution.buffers = {
      {layer.name + " ReLU mask", pixel_mask_bytes(shape), BufferUse::both},
      {layer.name + " weights with " + layer.norm_name,
       static_cast<std::size_t>((patch_elements + 1) * layer.out_padded) * sizeof(float), BufferUse::both},
      {layer.name + " moments of the patches", sizeof(PatchMoments), BufferUse::both},
      {layer.name + " forward scratch",
       std::max(patch_moments_scratch_bytes(layer.size, task.team),
                pixel_convolution_scratch_bytes(shape, task.team)),
       BufferUse::both},  // the backward pass may make the activations again
      {layer.name + " backward scratch",
       pixel_convolution_gradient_scratch_bytes(shape, *task.slices, task.team), BufferUse::backward}};
  convolution.forward = [=](const TrainingMemory& m) {
    return std::vector{statistics(task, m), forward(task, m)};
  };
  convolution.backward_weights = [=](const TrainingMemory& m) {
    return std::vector{backward_weights(task, m)};
  };
  convolution.by_picture = by_picture(task);
  return convolution;
}

EvaluationKernel evaluate(const ConvolutionTask& task) {
  const std::size_t bytes = task.layer.layout.bytes();
  EvaluationKernel kernel{.scratch_bytes = pixel_convolution_scratch_bytes(task.shape(), task.team)};
  kernel.prepared = {task.layer.weights, {"filters over bytes", bytes}, [bytes](const float* from, void* to) {
                       std::transform(from, from + bytes / sizeof(float), static_cast<float*>(to),
                                      [](float weight) { return weight / 255; });
                     }};
  kernel.bind = [task](const EvaluationMemory& m) {
    return std::vector<Operation>{
        {evaluation_name(task.layer), "bart pixels",
         [=] {
           pixel_convolution_forward(task.team, task.shape(), *m.pictures,
                                     static_cast<const float*>(m.weights), m.bias, {m.output, task.precision},
                                     nullptr, m.scratch);
         },
         task.layer.flops(task.n), output_bytes(task), task.layer.flops(task.n) / 2}};
  };
  return kernel;
}

}  // namespace

const ConvolutionKernel pixel_kernel = {
    .name = "bart pixels",
    .normalizes_source = false,
    .normalizes_output = true,
    .can = [](const ConvolutionSite& site) { return site.layer.first && !site.exact; },
    .wins = [](const ConvolutionSite&) { return true; },
    .layout = [](const ConvolutionSite& site) { return pixel_filters(site.layer.out_padded, site.block); },
    .train = train,
    .evaluate = evaluate,
};

}  // namespace bart
