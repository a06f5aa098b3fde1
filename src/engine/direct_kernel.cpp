// The direct algorithm of oneDNN, for any layer. For the first layer the pictures are first converted to
// floats.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "convolution_kernel.h"
#include "input.h"
#include "onednn.h"

namespace bart {
namespace {

using dnnl::memory;

/// The most common batch size of trainings.
constexpr std::int64_t usual_batch = 32;

ConvolutionShape shape_of(const ConvolutionLayer& layer, std::int64_t n) {
  return {n, layer.in_padded, layer.out_padded, layer.size};
}

ConvolutionLayouts layouts_of(const ConvolutionLayer& layer, std::int64_t block, Precision precision) {
  const auto blocked = tags_of(block).activations;
  return {precision, layer.first ? memory::format_tag::nchw : blocked, blocked};
}

/// In f32 the parameters are read from where they are; in bf16 from a copy in the layout that oneDNN prefers.
memory::desc weights_of(const ConvolutionTask& task) {
  if (task.precision == Precision::f32) return task.layer.layout.onednn().desc;
  return convolution_weights(shape_of(task.layer, task.n), memory::format_tag::any, task.precision);
}

/// Writes the pictures to the source of the first layer.
Operation read_pictures(const ConvolutionTask& task, const Pictures* pictures, void* source) {
  const ConvolutionLayer& layer = task.layer;
  const double numbers = static_cast<double>(task.n * layer.in_channels * layer.size * layer.size);
  const ActivationArray input{source, task.precision};
  return {"pictures to input", "bart",
          [pictures, input, team = task.team, size = layer.size] {
            pictures_to_input(team, *pictures, size, input);
          },
          0, numbers * 5};
}

/// The primitives of one convolution in a training step, and the places of their buffers.
struct Direct {
  ConvolutionTask task;
  dnnl::convolution_forward::primitive_desc forward;
  dnnl::convolution_backward_weights::primitive_desc backward_weights;
  std::optional<dnnl::convolution_backward_data::primitive_desc> backward_data =
      {};  // not of the first layer
  std::size_t forward_scratch = 0, backward_scratch = 0;
  std::optional<std::size_t> input = {};                         // of the first layer
  std::optional<std::size_t> forward_copy = {}, data_copy = {};  // of the weights, if they are copied

  void* source(const TrainingMemory& m) const { return input ? m.buffers[*input] : m.source.data; }
};

/// Adds the operation that copies the weights if the primitive needs a copy. Returns the weights that it
/// reads.
void* weights_for(const std::string& name, const Direct& direct, const TrainingMemory& m,
                  const memory::desc& wanted, const std::optional<std::size_t>& copy, void* scratch,
                  std::vector<Operation>& operations) {
  if (!copy) return m.values.weights;
  const memory::desc& own = direct.task.layer.layout.onednn().desc;
  const auto reorder = reorder_desc(own, wanted);
  operations.push_back(onednn_operation(
      name, reorder, dnnl::reorder(reorder), scratch,
      {{DNNL_ARG_FROM, {own, m.values.weights}}, {DNNL_ARG_TO, {wanted, m.buffers[*copy]}}}, 0));
  return m.buffers[*copy];
}

std::vector<Operation> forward(const Direct& direct, const TrainingMemory& m) {
  const ConvolutionLayer& layer = direct.task.layer;
  const auto& desc = direct.forward;
  void* scratch = m.buffers[direct.forward_scratch];
  std::vector<Operation> operations;
  if (direct.input) operations.push_back(read_pictures(direct.task, m.pictures, m.buffers[*direct.input]));
  void* weights = weights_for(layer.name + " weights for forward", direct, m, desc.weights_desc(),
                              direct.forward_copy, scratch, operations);
  operations.push_back(onednn_operation(layer.name + " forward", desc, dnnl::convolution_forward(desc),
                                        scratch,
                                        {{DNNL_ARG_SRC, {desc.src_desc(), direct.source(m)}},
                                         {DNNL_ARG_WEIGHTS, {desc.weights_desc(), weights}},
                                         {DNNL_ARG_BIAS, {desc.bias_desc(), m.values.bias}},
                                         {DNNL_ARG_DST, {desc.dst_desc(), m.output.data}}},
                                        layer.flops(direct.task.n), direct.task.precision));
  return operations;
}

std::vector<Operation> backward_weights(const Direct& direct, const TrainingMemory& m) {
  const ConvolutionLayer& layer = direct.task.layer;
  const auto& desc = direct.backward_weights;
  return {onednn_operation(layer.name + " backward weights", desc, dnnl::convolution_backward_weights(desc),
                           m.buffers[direct.backward_scratch],
                           {{DNNL_ARG_SRC, {desc.src_desc(), direct.source(m)}},
                            {DNNL_ARG_DIFF_DST, {desc.diff_dst_desc(), m.output.data}},
                            {DNNL_ARG_DIFF_WEIGHTS, {desc.diff_weights_desc(), m.gradients.weights}}},
                           layer.flops(direct.task.n), direct.task.precision)};
}

std::vector<Operation> backward_data(const Direct& direct, const TrainingMemory& m) {
  const ConvolutionLayer& layer = direct.task.layer;
  const auto& desc = *direct.backward_data;
  void* scratch = m.buffers[direct.backward_scratch];
  std::vector<Operation> operations;
  void* weights = weights_for(layer.name + " weights for backward data", direct, m, desc.weights_desc(),
                              direct.data_copy, scratch, operations);
  operations.push_back(onednn_operation(layer.name + " backward data", desc,
                                        dnnl::convolution_backward_data(desc), scratch,
                                        {{DNNL_ARG_DIFF_DST, {desc.diff_dst_desc(), m.output.data}},
                                         {DNNL_ARG_WEIGHTS, {desc.weights_desc(), weights}},
                                         {DNNL_ARG_DIFF_SRC, {desc.diff_src_desc(), m.source_gradient.data}}},
                                        layer.flops(direct.task.n), direct.task.precision));
  return operations;
}

TrainingConvolution train(const ConvolutionTask& task) {
  const ConvolutionLayer& layer = task.layer;
  const ConvolutionShape shape = shape_of(layer, task.n);
  const ConvolutionLayouts layouts = layouts_of(layer, task.block, task.precision);
  const memory::desc& own = layer.layout.onednn().desc;
  const auto forward_desc = convolution_forward_desc(shape, layouts, weights_of(task), true);
  Direct direct{.task = task,
                .forward = forward_desc,
                .backward_weights = convolution_backward_weights_desc(shape, layouts, own, forward_desc)};
  TrainingConvolution convolution;
  const auto ask = [&](std::string name, std::size_t bytes, BufferUse use) {
    convolution.buffers.push_back({std::move(name), bytes, use});
    return convolution.buffers.size() - 1;
  };
  const auto copy = [&](const char* purpose, const memory::desc& wanted, BufferUse use) {
    return wanted == own ? std::nullopt
                         : std::optional(ask(fmt::format("{} weights for {}", layer.name, purpose),
                                             wanted.get_size(), use));
  };
  if (layer.first) {
    direct.input = ask(fmt::format("input [{}, {}, {}, {}] nchw{}", task.n, layer.in_channels, layer.size,
                                   layer.size, task.precision == Precision::bf16 ? " bf16" : ""),
                       direct.forward.src_desc().get_size(), BufferUse::both);
  }
  std::size_t backward_scratch = direct.backward_weights.scratchpad_desc().get_size();
  direct.forward_copy = copy("forward", direct.forward.weights_desc(), BufferUse::forward);
  if (!layer.first) {
    direct.backward_data = convolution_backward_data_desc(shape, layouts, direct.forward);
    backward_scratch = std::max(backward_scratch, direct.backward_data->scratchpad_desc().get_size());
    direct.data_copy = copy("backward data", direct.backward_data->weights_desc(), BufferUse::backward);
  }
  direct.forward_scratch =
      ask(layer.name + " forward scratch", direct.forward.scratchpad_desc().get_size(), BufferUse::forward);
  direct.backward_scratch = ask(layer.name + " backward scratch", backward_scratch, BufferUse::backward);

  const auto shared = std::make_shared<const Direct>(std::move(direct));
  convolution.forward = [shared](const TrainingMemory& m) { return forward(*shared, m); };
  convolution.backward_weights = [shared](const TrainingMemory& m) { return backward_weights(*shared, m); };
  if (shared->backward_data) {
    convolution.backward_data = [shared](const TrainingMemory& m) { return backward_data(*shared, m); };
  }
  return convolution;
}

EvaluationKernel evaluate(const ConvolutionTask& task) {
  const ConvolutionLayer& layer = task.layer;
  const auto desc = convolution_forward_desc(
      shape_of(layer, task.n), layouts_of(layer, task.block, task.precision), weights_of(task), false);
  EvaluationKernel kernel{.scratch_bytes = desc.scratchpad_desc().get_size()};
  const WeightsLayout wanted(OneDnnLayout{desc.weights_desc()});
  if (wanted != layer.layout) {
    kernel.prepared = {layer.weights, wanted, [own = layer.layout, wanted](const float* from, void* to) {
                         reorder_weights(own, from, wanted, to);
                       }};
  }
  kernel.bind = [task, desc](const EvaluationMemory& m) {
    const ConvolutionLayer& bound = task.layer;
    std::vector<Operation> operations;
    if (bound.first) operations.push_back(read_pictures(task, m.pictures, m.source));
    operations.push_back(
        onednn_operation(evaluation_name(bound), desc, dnnl::convolution_forward(desc), m.scratch,
                         {{DNNL_ARG_SRC, {desc.src_desc(), m.source}},
                          {DNNL_ARG_WEIGHTS, {desc.weights_desc(), const_cast<void*>(m.weights)}},
                          {DNNL_ARG_BIAS, {desc.bias_desc(), const_cast<float*>(m.bias)}},
                          {DNNL_ARG_DST, {desc.dst_desc(), m.output}}},
                         bound.flops(task.n), task.precision));
    return operations;
  };
  return kernel;
}

}  // namespace

WeightsLayout direct_layout(const ConvolutionLayer& layer, std::int64_t block) {
  const ConvolutionShape shape = shape_of(layer, usual_batch);
  const memory::desc any = convolution_weights(shape, memory::format_tag::any);
  const auto desc = convolution_forward_desc(shape, layouts_of(layer, block, Precision::f32), any, true);
  return WeightsLayout(OneDnnLayout{desc.weights_desc()});
}

const ConvolutionKernel direct_kernel = {
    .name = "oneDNN direct",
    .normalizes_source = false,
    .normalizes_output = false,
    .can = [](const ConvolutionSite&) { return true; },
    .wins = [](const ConvolutionSite&) { return true; },
    .layout = [](const ConvolutionSite& site) { return site.preferred; },
    .train = train,
    .evaluate = evaluate,
};

}  // namespace bart
