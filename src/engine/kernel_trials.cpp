#include "bart/engine/kernel_trials.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "bart/platform/error.h"
#include "convolution_kernel.h"
#include "linear_kernel.h"
#include "onednn.h"
#include "onednn_errors.h"
#include "onednn_threads.h"

namespace bart {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

enum class Direction { forward, backward_weights, backward_data };

/// The trials of one operation.
class Trials {
 public:
  explicit Trials(const Team& team) : team_(team) {}

  /// `make()` returns the descriptor of a primitive and throws dnnl::error if there is none;
  /// `arguments(desc)` returns what it reads and writes. Kernels that oneDNN calls "ref" are slow references
  /// and left out.
  template <typename Primitive, typename Make, typename Arguments>
  void add_onednn(const Make& make, const Arguments& arguments) {
    try {
      const auto desc = make();
      Entry entry{desc.impl_info_str(), arguments(desc)};
      const bool reference = entry.implementation.find("ref") != std::string::npos;
      if (reference || std::ranges::find(entries_, entry) != entries_.end()) return;
      KernelTrial trial{entry.implementation, sizes_of(entry.arguments.first),
                        sizes_of(entry.arguments.second),
                        [desc, bound = entry.arguments](const auto& read, const auto& written) {
                          return bind(desc, Primitive(desc), bound, read, written);
                        }};
      trial.writes.push_back(desc.scratchpad_desc().get_size());
      add(std::move(trial));
      entries_.push_back(std::move(entry));
    } catch (const dnnl::error&) {
    }
  }

  void add(KernelTrial trial) {
    // Trials are bound later, when the caller's own number of threads is back.
    trial.bind = [team = team_, bind = std::move(trial.bind)](const auto& read, const auto& written) {
      const OneDnnThreads threads(team);
      return bind(read, written);
    };
    trials_.push_back(std::move(trial));
  }

  std::vector<KernelTrial> take() { return std::move(trials_); }

  using Described = std::vector<std::pair<int, memory::desc>>;  // DNNL_ARG_…

 private:
  struct Entry {
    std::string implementation;
    std::pair<Described, Described> arguments;
    bool operator==(const Entry&) const = default;
  };

  static std::vector<std::size_t> sizes_of(const Described& arguments) {
    std::vector<std::size_t> sizes;
    for (const auto& argument : arguments) sizes.push_back(argument.second.get_size());
    return sizes;
  }

  static std::function<void()> bind(const dnnl::primitive_desc_base& desc, const dnnl::primitive& primitive,
                                    const std::pair<Described, Described>& described,
                                    const std::vector<void*>& read, const std::vector<void*>& written) {
    Arguments arguments;
    const auto tie = [&](const Described& all, const std::vector<void*>& blocks) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        arguments.push_back({all[i].first, {all[i].second, blocks[i]}});
      }
    };
    tie(described.first, read);
    tie(described.second, written);
    return onednn_operation({}, desc, primitive, written.back(), arguments, 0).run;
  }

  Team team_;
  std::vector<Entry> entries_;
  std::vector<KernelTrial> trials_;
};

template <typename Desc>
std::pair<Trials::Described, Trials::Described> forward_arguments(const Desc& desc) {
  return {{{DNNL_ARG_SRC, desc.src_desc()},
           {DNNL_ARG_WEIGHTS, desc.weights_desc()},
           {DNNL_ARG_BIAS, desc.bias_desc()}},
          {{DNNL_ARG_DST, desc.dst_desc()}}};
}

template <typename Desc>
std::pair<Trials::Described, Trials::Described> backward_data_arguments(const Desc& desc) {
  return {{{DNNL_ARG_DIFF_DST, desc.diff_dst_desc()}, {DNNL_ARG_WEIGHTS, desc.weights_desc()}},
          {{DNNL_ARG_DIFF_SRC, desc.diff_src_desc()}}};
}

template <typename Desc>
std::pair<Trials::Described, Trials::Described> backward_weights_arguments(const Desc& desc, bool with_bias) {
  std::pair<Trials::Described, Trials::Described> arguments = {
      {{DNNL_ARG_SRC, desc.src_desc()}, {DNNL_ARG_DIFF_DST, desc.diff_dst_desc()}},
      {{DNNL_ARG_DIFF_WEIGHTS, desc.diff_weights_desc()}}};
  if (with_bias) arguments.second.push_back({DNNL_ARG_DIFF_BIAS, desc.diff_bias_desc()});
  return arguments;
}

/// The layout that oneDNN prefers, blocked channels, channels last, and plain pictures, which the first layer
/// may take.
constexpr std::pair<Tag, Tag> layouts_to_try[] = {{Tag::any, Tag::any},       {Tag::nChw16c, Tag::nChw16c},
                                                  {Tag::nChw8c, Tag::nChw8c}, {Tag::nhwc, Tag::nhwc},
                                                  {Tag::nchw, Tag::nChw16c},  {Tag::nchw, Tag::nChw8c}};

/// oneDNN's own Winograd, which is slower than BART's, is used only here.
constexpr dnnl::algorithm algorithms_to_try[] = {dnnl::algorithm::convolution_direct,
                                                 dnnl::algorithm::convolution_winograd};

void add_onednn_convolutions(Trials& trials, const ConvolutionShape& shape, Precision precision,
                             Direction direction, bool training) {
  const memory::desc any = convolution_weights(shape, Tag::any, precision);
  const memory::desc any_f32 = convolution_weights(shape, Tag::any);
  for (const auto algorithm : algorithms_to_try) {
    for (const auto& [from, to] : layouts_to_try) {
      const ConvolutionLayouts layouts{precision, from, to};
      const auto forward = [&] { return convolution_forward_desc(shape, layouts, any, training, algorithm); };
      switch (direction) {
        case Direction::forward:
          trials.add_onednn<dnnl::convolution_forward>(
              forward, [](const auto& desc) { return forward_arguments(desc); });
          break;
        case Direction::backward_data:
          trials.add_onednn<dnnl::convolution_backward_data>(
              [&] { return convolution_backward_data_desc(shape, layouts, forward(), algorithm); },
              [](const auto& desc) { return backward_data_arguments(desc); });
          break;
        case Direction::backward_weights:
          trials.add_onednn<dnnl::convolution_backward_weights>(
              [&] {
                return convolution_backward_weights_desc(shape, layouts, any_f32, forward(), algorithm);
              },
              [](const auto& desc) { return backward_weights_arguments(desc, false); });
          break;
      }
    }
  }
}

void add_onednn_linears(Trials& trials, const LinearShape& shape, Direction direction, bool training) {
  const memory::desc any({shape.out_features, shape.in_features}, memory::data_type::f32, Tag::any);
  const auto forward = [&] { return linear_forward_desc(shape, any, training); };
  switch (direction) {
    case Direction::forward:
      trials.add_onednn<dnnl::inner_product_forward>(
          forward, [](const auto& desc) { return forward_arguments(desc); });
      break;
    case Direction::backward_data:
      trials.add_onednn<dnnl::inner_product_backward_data>(
          [&] { return linear_backward_data_desc(shape, any, forward()); },
          [](const auto& desc) { return backward_data_arguments(desc); });
      break;
    case Direction::backward_weights:
      trials.add_onednn<dnnl::inner_product_backward_weights>(
          [&] { return linear_backward_weights_desc(shape, any, forward()); },
          [](const auto& desc) { return backward_weights_arguments(desc, true); });
      break;
  }
}

/// The kernels of a fully connected layer in a network.
void add_linear_kernels(Trials& trials, const CompiledNetwork& network, const LinearLayer& layer,
                        std::int64_t n, Direction direction) {
  const auto bytes = [](std::int64_t floats) { return static_cast<std::size_t>(floats) * sizeof(float); };
  enum : std::size_t { read_x, read_weights, read_bias, read_dy };
  enum : std::size_t {
    written_y,
    written_dx,
    written_dweights,
    written_dbias,
    forward_scratch,
    backward_scratch
  };
  for (const LinearKernel* kernel : linear_kernels()) {
    if (!kernel->can(layer.in_padded, network.exact)) continue;
    const auto held = std::make_shared<LinearLayer>(layer);  // to which the bound kernel refers
    held->kernel = kernel;
    held->layout = kernel->layout(layer.out_features, layer.in_padded);
    const TrainingLinear linear = kernel->train(*held, n, network.team);
    const std::size_t in = bytes(n * layer.in_padded), out = bytes(n * layer.out_features);
    const std::size_t weights = held->layout.bytes(), bias = bytes(layer.out_features);
    trials.add(
        {.implementation = kernel->name,
         .reads = {in, weights, bias, out},
         .writes = {out, in, weights, bias, linear.forward_scratch_bytes, linear.backward_scratch_bytes},
         .bind = [=](const std::vector<void*>& read,
                     const std::vector<void*>& written) -> std::function<void()> {
           const auto floats = [](void* block) { return static_cast<float*>(block); };
           const LinearMemory memory{
               .source = floats(read[read_x]),
               .output = floats(written[written_y]),
               .gradient = floats(read[read_dy]),
               .source_gradient = floats(written[written_dx]),
               .weights = floats(read[read_weights]),
               .bias = floats(read[read_bias]),
               .dweights = floats(written[written_dweights]),
               .dbias = floats(written[written_dbias]),
               .forward_scratch = static_cast<std::uint8_t*>(written[forward_scratch]),
               .backward_scratch = static_cast<std::uint8_t*>(written[backward_scratch])};
           const auto& bind = direction == Direction::forward         ? linear.forward
                              : direction == Direction::backward_data ? linear.backward_data
                                                                      : linear.backward_weights;
           return [run = bind(memory).run, held] { run(); };
         }});
  }
}

std::size_t activation_bytes(std::int64_t count, Precision precision) {
  return static_cast<std::size_t>(count) * bytes_of(precision);
}

/// The contents of the blocks of one of our own kernels.
enum Read : std::size_t { source, weights, per_channel, gradient };
enum Written : std::size_t { output, source_gradient, dweights, statistics, scratch };
constexpr std::int64_t channel_arrays = 8;  // bias, BatchNorm's weight and bias, four of its statistics, room

/// A kernel and its task, which refers to the layer.
struct OwnKernel {
  ConvolutionLayer layer;
  std::int64_t n, block;
  Precision precision;
  Team team;
  BatchSlices slices = BatchSlices(n);

  ConvolutionTask task() const {
    return {.layer = layer, .n = n, .block = block, .precision = precision, .team = team, .slices = &slices};
  }
  std::vector<std::size_t> reads() const {
    const std::int64_t pixels = n * layer.size * layer.size;
    return {
        std::max(static_cast<std::size_t>(pixels * 3), activation_bytes(pixels * layer.in_padded, precision)),
        layer.layout.bytes(), static_cast<std::size_t>(channel_arrays * layer.out_padded) * sizeof(float),
        activation_bytes(pixels * layer.out_padded, precision)};
  }
  std::vector<std::size_t> writes() const {
    const std::int64_t pixels = n * layer.size * layer.size;
    return {activation_bytes(pixels * layer.out_padded, precision),
            activation_bytes(pixels * layer.in_padded, precision), layer.layout.bytes(),
            static_cast<std::size_t>(channel_arrays * layer.out_padded) * sizeof(float)};
  }
};

std::vector<const std::uint8_t*> pictures_in(const void* pixels, std::int64_t n, std::int64_t size) {
  std::vector<const std::uint8_t*> pictures;
  for (std::int64_t i = 0; i < n; ++i) {
    pictures.push_back(static_cast<const std::uint8_t*>(pixels) + i * size * size * 3);
  }
  return pictures;
}

/// The memory that a bound kernel points to.
struct Held {
  OwnKernel own;
  std::vector<const std::uint8_t*> pointers;
  Pictures pictures;

  Held(const OwnKernel& kernel, const void* pixels)
      : own(kernel), pointers(pictures_in(pixels, kernel.n, kernel.layer.size)), pictures(pointers) {}
};

/// The operation with the name in the plan.
std::function<void()> named(const std::vector<Operation>& operations, const std::string& name,
                            std::shared_ptr<const void> held) {
  std::vector<std::function<void()>> runs;
  for (const Operation& operation : operations) {
    // A copy of the weights is part of it; BatchNorm's statistics are not.
    if (operation.name == name || operation.name.find(" weights for ") != std::string::npos) {
      runs.push_back(operation.run);
    }
  }
  return [runs, held] {
    for (const auto& run : runs) run();
  };
}

KernelTrial training_trial(const ConvolutionKernel& kernel, const OwnKernel& own, Direction direction,
                           const std::string& name) {
  KernelTrial trial{kernel.name, own.reads(), own.writes(), {}};
  const TrainingConvolution asked = kernel.train(own.task());
  for (const KernelBuffer& buffer : asked.buffers) trial.writes.push_back(buffer.bytes);
  trial.bind = [=, &kernel](const std::vector<void*>& read, const std::vector<void*>& written) {
    const auto held = std::make_shared<const Held>(own, read[source]);
    const TrainingConvolution convolution = kernel.train(held->own.task());
    const auto array = [&](void* block, std::int64_t i) {
      return static_cast<float*>(block) + i * own.layer.out_padded;
    };
    TrainingMemory m{.pictures = &held->pictures,
                     .source = {read[source], own.precision},
                     .normalization = {},
                     .output = {written[output], own.precision},
                     .source_gradient = {written[source_gradient], own.precision},
                     .values = {static_cast<float*>(read[weights]), array(read[per_channel], 0),
                                array(read[per_channel], 1), array(read[per_channel], 2)},
                     .gradients = {static_cast<float*>(written[dweights]), array(written[statistics], 0),
                                   array(written[statistics], 1), array(written[statistics], 2)},
                     .running_mean = array(written[statistics], 3),
                     .running_var = array(written[statistics], 4),
                     .channels = {array(read[per_channel], 3), array(read[per_channel], 4),
                                  array(read[per_channel], 5), array(read[per_channel], 6)},
                     .buffers = {}};
    for (std::size_t i = scratch; i < written.size(); ++i) {
      m.buffers.push_back(static_cast<std::uint8_t*>(written[i]));
    }
    const std::vector<Operation> forward = convolution.forward(m);
    if (direction == Direction::forward) return named(forward, name, held);
    for (const Operation& operation : forward) operation.run();  // computes what the backward pass reads
    m.output.data = read[gradient];
    return named(direction == Direction::backward_weights ? convolution.backward_weights(m)
                                                          : convolution.backward_data(m),
                 name, held);
  };
  return trial;
}

KernelTrial evaluation_trial(const ConvolutionKernel& kernel, const OwnKernel& own, const std::string& name) {
  KernelTrial trial{kernel.name, own.reads(), own.writes(), {}};
  const EvaluationKernel asked = kernel.evaluate(own.task());
  trial.writes.push_back(asked.scratch_bytes);
  trial.writes.push_back(asked.prepared ? asked.prepared->layout.bytes() : 0);
  trial.bind = [=, &kernel](const std::vector<void*>& read, const std::vector<void*>& written) {
    const auto held = std::make_shared<const Held>(own, read[source]);
    const EvaluationKernel bound = kernel.evaluate(held->own.task());
    if (bound.prepared) bound.prepared->prepare(static_cast<const float*>(read[weights]), written.back());
    return named(bound.bind({.pictures = &held->pictures,
                             .source = read[source],
                             .output = written[output],
                             .weights = bound.prepared ? written.back() : read[weights],
                             .bias = static_cast<const float*>(read[per_channel]),
                             .scratch = static_cast<std::uint8_t*>(written[scratch])}),
                 name, held);
  };
  return trial;
}

OperationTrials convolution_trials(const CompiledNetwork& network, const ConvolutionLayer& layer,
                                   std::int64_t n, Direction direction, bool training,
                                   const std::string& name) {
  const Precision precision = training ? network.precision : network.evaluation_precision;
  Trials trials(network.team);
  add_onednn_convolutions(trials, {n, layer.in_channels, layer.out_channels, layer.size}, precision,
                          direction, training);
  const WeightsLayout preferred = direct_layout(layer, network.block);
  for (const ConvolutionKernel* kernel : convolution_kernels()) {
    const ConvolutionSite site{layer, network.block, precision, network.exact, preferred};
    if (!kernel->can(site)) continue;
    OwnKernel own{layer, n, network.block, precision, network.team};
    own.layer.layout = kernel->layout(site);
    trials.add(training ? training_trial(*kernel, own, direction, name)
                        : evaluation_trial(*kernel, own, name));
  }
  return {name, layer.flops(n), trials.take()};
}

}  // namespace

double KernelTrial::bytes() const {
  const auto sum = [](const std::vector<std::size_t>& sizes) {
    return std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
  };
  return static_cast<double>(sum(reads) + sum(writes));
}

std::vector<OperationTrials> kernel_trials(const Architecture& architecture, const EngineOptions& options,
                                           int batch_size, bool training) {
  if (batch_size < 1) throw Error("kernels are tried on at least one picture");
  return with_onednn("execute this network", [&] {
    const CompiledNetwork network = compile_network(architecture, options);
    const OneDnnThreads threads(network.team);
    std::vector<OperationTrials> all;
    const auto in_all_directions = [&](const std::string& layer, const std::string& forward, bool first,
                                       const auto& trials) {
      all.push_back(trials(Direction::forward, forward));
      if (!training) return;
      all.push_back(trials(Direction::backward_weights, layer + " backward weights"));
      if (!first) all.push_back(trials(Direction::backward_data, layer + " backward data"));
    };
    for (const ConvolutionLayer& layer : network.convolutions) {
      in_all_directions(layer.name, training ? layer.name + " forward" : evaluation_name(layer), layer.first,
                        [&](Direction direction, const std::string& name) {
                          return convolution_trials(network, layer, batch_size, direction, training, name);
                        });
    }
    for (const LinearLayer& layer : network.linears) {
      in_all_directions(layer.name, training ? layer.name + " forward" : layer.name, false,
                        [&](Direction direction, const std::string& name) {
                          Trials trials(network.team);
                          add_onednn_linears(trials, {batch_size, layer.in_features, layer.out_features},
                                             direction, training);
                          add_linear_kernels(trials, network, layer, batch_size, direction);
                          return OperationTrials{name, layer.flops(batch_size), trials.take()};
                        });
    }
    return all;
  });
}

}  // namespace bart
