#include "bart/engine/limit.h"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "activations.h"
#include "arena.h"
#include "bart/platform/error.h"
#include "bart/platform/timing.h"
#include "batch_norm_kernels.h"
#include "onednn.h"
#include "parallel.h"
#include "pixel_convolution.h"
#include "winograd.h"

namespace bart {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

/// Which argument a kernel takes in which memory: what one kernel writes is never what another reads.
enum Slot { source, weights, bias, output, output_bias, slots };

struct Argument {
  int index;  // DNNL_ARG_…
  Slot slot;
  memory::desc desc;
  bool operator==(const Argument&) const = default;
};

/// Memory that all kernels take in turn, full of noise.
class NoiseMemory {
 public:
  std::shared_ptr<AlignedMemory> at_least(Slot slot, std::size_t bytes) {
    std::shared_ptr<AlignedMemory>& block = blocks_[slot];
    if (block == nullptr || block->size() < bytes) block = filled(bytes);
    return block;
  }

 private:
  /// Each half of each float is a bf16 in [-1, 1), so that it is noise in either precision, without
  /// infinities.
  static std::shared_ptr<AlignedMemory> filled(std::size_t bytes) {
    auto block = std::make_shared<AlignedMemory>(bytes);
    constexpr std::size_t chunk = std::size_t{1} << 20;
    parallel_each(static_cast<std::int64_t>((bytes + chunk - 1) / chunk), [&](std::int64_t i) {
      auto word = static_cast<std::uint32_t>(i + 1) * 2654435761u;
      const std::size_t first = static_cast<std::size_t>(i) * chunk;
      for (std::size_t at = first; at + 4 <= std::min(bytes, first + chunk); at += 4) {
        word = word * 1664525u + 1013904223u;  // Numerical Recipes' generator
        const float value = static_cast<float>(static_cast<std::int32_t>(word)) * 0x1p-31f;
        std::uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        bits = (bits & 0xffff0000u) | bits >> 16;
        std::memcpy(block->bytes() + at, &bits, sizeof bits);
      }
    });
    return block;
  }

  std::map<Slot, std::shared_ptr<AlignedMemory>> blocks_;
};

/// Times the ways to compute one operation and keeps the fastest.
class Contest {
 public:
  Contest(const dnnl::engine& engine, NoiseMemory& noise, int rounds)
      : engine_(engine), stream_(engine), noise_(noise), rounds_(rounds) {}

  /// `make()` gives a primitive's descriptor, and throws dnnl::error where there is none; `arguments(desc)`
  /// are its arguments. Kernels that oneDNN calls "ref" only show what is meant, and do not take part.
  template <typename Primitive, typename Make, typename Arguments>
  void enter(const Make& make, const Arguments& arguments) {
    try {
      const auto desc = make();
      Entry entry{desc.impl_info_str(), arguments(desc)};
      const bool reference = entry.implementation.find("ref") != std::string::npos;
      if (reference || std::ranges::find(entries_, entry) != entries_.end()) return;
      time(entry, Primitive(desc), desc.scratchpad_desc());
      entries_.push_back(std::move(entry));
    } catch (const dnnl::error&) {
    }
  }

  /// A kernel of BART's own; `run(source, weights, output)` computes from and into blocks of so many bytes.
  template <typename Run>
  void enter(const std::string& implementation, std::size_t source_bytes, std::size_t weights_bytes,
             std::size_t output_bytes, const Run& run) {
    const auto from = noise_.at_least(source, source_bytes);
    const auto by = noise_.at_least(weights, weights_bytes);
    const auto to = noise_.at_least(output, output_bytes);
    time(implementation, static_cast<double>(source_bytes + weights_bytes + output_bytes),
         [&] { run(from->bytes(), by->bytes(), to->bytes()); });
  }

  OperationTime winner(const std::string& name, double flops) const {
    if (!best_) throw Error("oneDNN has no fast kernel for " + name + " on this computer");
    OperationTime its = *best_;
    its.name = name;
    its.flops = flops;
    return its;
  }

 private:
  struct Entry {
    std::string implementation;
    std::vector<Argument> arguments;
    bool operator==(const Entry&) const = default;
  };

  void time(const Entry& entry, const dnnl::primitive& primitive, const memory::desc& scratch_desc) {
    std::vector<std::shared_ptr<AlignedMemory>> blocks;
    std::vector<std::pair<int, std::pair<memory::desc, void*>>> bound;
    double bytes = 0;
    for (const Argument& argument : entry.arguments) {
      blocks.push_back(noise_.at_least(argument.slot, argument.desc.get_size()));
      bound.push_back({argument.index, {argument.desc, blocks.back()->bytes()}});
      bytes += static_cast<double>(argument.desc.get_size());
    }
    const AlignedMemory scratch(scratch_desc.get_size());
    bound.push_back({DNNL_ARG_SCRATCHPAD, {scratch_desc, scratch.bytes()}});
    const BoundPrimitive kernel(primitive, engine_, bound);
    time(entry.implementation, bytes, [&] { kernel.run(stream_); });
  }

  void time(const std::string& implementation, double bytes, const std::function<void()>& run) {
    run();
    std::vector<double> seconds;
    for (int round = 0; round < rounds_; ++round) {
      seconds.push_back(seconds_of(run));
      // Far behind twice is out of the race.
      if (best_ && round == 1 && std::ranges::min(seconds) > 1.5 * best_->seconds) return;
    }
    const double median = median_of(seconds);
    if (!best_ || median < best_->seconds) best_ = OperationTime{"", implementation, median, 0, bytes};
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  NoiseMemory& noise_;
  int rounds_;
  std::vector<Entry> entries_;
  std::optional<OperationTime> best_;
};

template <typename Desc>
std::vector<Argument> forward_arguments(const Desc& desc) {
  return {{DNNL_ARG_SRC, source, desc.src_desc()},
          {DNNL_ARG_WEIGHTS, weights, desc.weights_desc()},
          {DNNL_ARG_BIAS, bias, desc.bias_desc()},
          {DNNL_ARG_DST, output, desc.dst_desc()}};
}

template <typename Desc>
std::vector<Argument> backward_data_arguments(const Desc& desc) {
  return {{DNNL_ARG_DIFF_DST, source, desc.diff_dst_desc()},
          {DNNL_ARG_WEIGHTS, weights, desc.weights_desc()},
          {DNNL_ARG_DIFF_SRC, output, desc.diff_src_desc()}};
}

template <typename Desc>
std::vector<Argument> backward_weights_arguments(const Desc& desc, bool with_bias) {
  std::vector<Argument> arguments = {{DNNL_ARG_SRC, source, desc.src_desc()},
                                     {DNNL_ARG_DIFF_DST, weights, desc.diff_dst_desc()},
                                     {DNNL_ARG_DIFF_WEIGHTS, output, desc.diff_weights_desc()}};
  if (with_bias) arguments.push_back({DNNL_ARG_DIFF_BIAS, output_bias, desc.diff_bias_desc()});
  return arguments;
}

/// Everything that one network's kernels share.
struct Race {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  NoiseMemory noise = {};
  LimitOptions options;
  Precision precision = options.training ? options.engine.precision : options.engine.evaluation_precision;
  std::vector<OperationTime> kernels = {};
  std::function<void()> kernel_done;

  void finish(Contest& contest, const std::string& name, double flops) {
    kernels.push_back(contest.winner(name, flops));
    kernel_done();
  }
};

/// What oneDNN likes best, blocked channels, channels last, and plain pictures as the first layer may take
/// them.
constexpr std::pair<Tag, Tag> layouts_to_try[] = {{Tag::any, Tag::any},       {Tag::nChw16c, Tag::nChw16c},
                                                  {Tag::nChw8c, Tag::nChw8c}, {Tag::nhwc, Tag::nhwc},
                                                  {Tag::nchw, Tag::nChw16c},  {Tag::nchw, Tag::nChw8c}};

enum class Direction { forward, backward_data, backward_weights };

/// BART's own kernels by Winograd's algorithm, each transforming its weights as in a training step.
void enter_winograd(Contest& contest, const Race& race, const ConvolutionShape& c, Direction direction) {
  const Precision precision = race.precision;
  const auto block = static_cast<std::int64_t>(preferred_block());
  if (!has_winograd(precision) || c.in_channels % block != 0 || c.out_channels % block != 0) return;
  const int threads = race.options.engine.threads;
  const WinogradShape shape{c.n, c.in_channels, c.out_channels, c.size};
  const auto activation_bytes = [&](std::int64_t channels) {
    return static_cast<std::size_t>(c.n * channels * c.size * c.size) * bytes_of(precision);
  };
  const std::size_t in = activation_bytes(c.in_channels);
  const std::size_t out = activation_bytes(c.out_channels);
  const std::size_t filters = float_bytes(9 * c.in_channels * c.out_channels);
  const auto name = "bart winograd 4x3";
  if (direction == Direction::backward_weights) {
    const AlignedMemory scratch(winograd_gradient_scratch_bytes(shape, precision, threads));
    contest.enter(name, in, out, filters, [&](const void* x, const void* dy, void* dweights) {
      winograd_weight_gradient(shape, precision, x, {}, dy, static_cast<float*>(dweights), scratch.bytes());
    });
    return;
  }
  const bool forward = direction == Direction::forward;
  const WinogradShape own = forward ? shape : turned(shape);
  const AlignedMemory transformed(winograd_weights_bytes(own, precision));
  const AlignedMemory scratch(winograd_scratch_bytes(own, precision, threads));
  contest.enter(
      name, forward ? in : out, filters, forward ? out : in, [&](const void* x, const void* given, void* y) {
        const auto* values = static_cast<const float*>(given);
        (forward ? winograd_weights : winograd_turned_weights)(shape, precision, values, transformed.bytes());
        winograd_convolve(own, precision, x, transformed.bytes(), {}, y, scratch.bytes());
      });
}

/// BART's own kernel for the first layer, BatchNorm and ReLU included.
void enter_pixels(Contest& contest, const Race& race, const ConvolutionShape& c, Direction direction) {
  const auto block = static_cast<std::int64_t>(preferred_block());
  if (c.out_channels % block != 0) return;
  const Precision precision = race.precision;
  const ActivationShape shape{c.n, c.out_channels, c.size, block};
  const std::int64_t picture = c.size * c.size * 3;
  const auto pictures_at = [&](const void* pixels) {
    std::vector<const std::uint8_t*> pictures;
    for (std::int64_t i = 0; i < c.n; ++i) {
      pictures.push_back(static_cast<const std::uint8_t*>(pixels) + i * picture);
    }
    return pictures;
  };
  const auto pixels = static_cast<std::size_t>(c.n * picture);
  const std::size_t activations = static_cast<std::size_t>(shape.count()) * bytes_of(precision);
  const std::size_t filters = float_bytes((patch_elements + 1) * c.out_channels);
  const AlignedMemory mask(pixel_mask_bytes(shape));
  const int threads = race.options.engine.threads;
  const auto name = "bart pixels";
  if (direction == Direction::forward) {
    const AlignedMemory scratch(pixel_convolution_scratch_bytes(shape, threads));
    contest.enter(name, pixels, filters, activations, [&](const void* x, const void* given, void* y) {
      const auto* folded = static_cast<const float*>(given);
      pixel_convolution_forward(shape, pictures_at(x), folded, folded + patch_elements * c.out_channels,
                                {y, precision}, race.options.training ? mask.bytes() : nullptr,
                                scratch.bytes());
    });
    return;
  }
  std::memset(mask.bytes(), 0xff, mask.size());
  const AlignedMemory moments_scratch(patch_moments_scratch_bytes(c.size, threads));
  const AlignedMemory scratch(pixel_convolution_gradient_scratch_bytes(shape, threads));
  std::vector<float> channels(static_cast<std::size_t>(c.out_channels), 1.f);
  const AlignedMemory weights(filters);
  std::vector<float> dnorm(2 * channels.size());
  contest.enter(name, pixels, activations, filters, [&](const void* x, const void* dy, void* dweights) {
    const std::vector<const std::uint8_t*> pictures = pictures_at(x);
    const PatchMoments moments = patch_moments(pictures, c.size, moments_scratch.bytes());
    pixel_convolution_backward(
        shape, pictures, moments, {const_cast<void*>(dy), precision}, mask.bytes(), weights.floats(),
        channels.data(), {channels.data(), channels.data(), channels.data(), channels.data()},
        static_cast<float*>(dweights), dnorm.data(), dnorm.data() + channels.size(), scratch.bytes());
  });
}

void race_convolution(Race& race, const std::string& name, const ConvolutionShape& shape, Direction direction,
                      bool first_layer) {
  const Precision precision = race.precision;
  Contest contest(race.engine, race.noise, race.options.rounds);
  for (const auto algorithm : {dnnl::algorithm::convolution_direct, dnnl::algorithm::convolution_winograd}) {
    for (const auto& [from, to] : layouts_to_try) {
      const ConvolutionLayouts layouts{precision, from, to};
      const memory::desc any = convolution_weights(shape, Tag::any, precision);
      const memory::desc any_f32 = convolution_weights(shape, Tag::any);
      const auto forward = [&] {
        return convolution_forward_desc(race.engine, shape, layouts, any, race.options.training, algorithm);
      };
      switch (direction) {
        case Direction::forward:
          contest.enter<dnnl::convolution_forward>(forward,
                                                   [](const auto& desc) { return forward_arguments(desc); });
          break;
        case Direction::backward_data:
          contest.enter<dnnl::convolution_backward_data>(
              [&] {
                return convolution_backward_data_desc(race.engine, shape, layouts, forward(), algorithm);
              },
              [](const auto& desc) { return backward_data_arguments(desc); });
          break;
        case Direction::backward_weights:
          contest.enter<dnnl::convolution_backward_weights>(
              [&] {
                return convolution_backward_weights_desc(race.engine, shape, layouts, any_f32, forward(),
                                                         algorithm);
              },
              [](const auto& desc) { return backward_weights_arguments(desc, false); });
          break;
      }
    }
  }
  if (first_layer) {
    enter_pixels(contest, race, shape, direction);
  } else {
    enter_winograd(contest, race, shape, direction);
  }
  race.finish(contest, name,
              18.0 * static_cast<double>(shape.n * shape.size * shape.size) *
                  static_cast<double>(shape.in_channels * shape.out_channels));
}

void race_linear(Race& race, const std::string& name, const LinearShape& shape, Direction direction) {
  const memory::desc any({shape.out_features, shape.in_features}, memory::data_type::f32, Tag::any);
  const auto forward = [&] { return linear_forward_desc(race.engine, shape, any, race.options.training); };
  Contest contest(race.engine, race.noise, race.options.rounds);
  switch (direction) {
    case Direction::forward:
      contest.enter<dnnl::inner_product_forward>(forward,
                                                 [](const auto& desc) { return forward_arguments(desc); });
      break;
    case Direction::backward_data:
      contest.enter<dnnl::inner_product_backward_data>(
          [&] { return linear_backward_data_desc(race.engine, shape, any, forward()); },
          [](const auto& desc) { return backward_data_arguments(desc); });
      break;
    case Direction::backward_weights:
      contest.enter<dnnl::inner_product_backward_weights>(
          [&] { return linear_backward_weights_desc(race.engine, shape, any, forward()); },
          [](const auto& desc) { return backward_weights_arguments(desc, true); });
      break;
  }
  race.finish(
      contest, name,
      2.0 * static_cast<double>(shape.n * shape.in_features) * static_cast<double>(shape.out_features));
}

}  // namespace

Limit measure_limit(const Architecture& architecture, const LimitOptions& options,
                    const std::function<void(int, int)>& progress) {
  omp_set_num_threads(options.engine.threads);
  const std::vector<Layer> layers = layers_of(architecture);
  const auto is_kernel = [](const Layer& layer) {
    return layer.kind == LayerKind::convolution || layer.kind == LayerKind::linear;
  };
  const int total = static_cast<int>(std::ranges::count_if(layers, is_kernel)) * (options.training ? 3 : 1) -
                    (options.training ? 1 : 0);
  int done = 0;
  Race race{.options = options, .kernel_done = [&] {
              if (progress) progress(++done, total);
            }};

  Limit limit{};
  const double width = race.precision == Precision::bf16 ? 2 : 4;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Layer& layer = layers[i];
    const double n = options.batch_size;
    limit.adam_bytes += options.training ? 7.0 * 4 * static_cast<double>(layer.parameters()) : 0;
    const auto in_all_directions = [&](const auto& race_in, const std::string& forward_name,
                                       bool needs_data) {
      race_in(forward_name, Direction::forward);
      if (!options.training) return;
      race_in(layer.name + " backward weights", Direction::backward_weights);
      if (needs_data) race_in(layer.name + " backward data", Direction::backward_data);
    };
    if (layer.kind == LayerKind::convolution) {
      const ConvolutionShape shape{options.batch_size, layer.input[0], layer.output[0], layer.output[1]};
      in_all_directions(
          [&](const std::string& name, Direction direction) {
            race_convolution(race, name, shape, direction, i == 0);
          },
          options.training ? layer.name + " forward" : layer.name + " + " + layers[i + 1].name + " + ReLU",
          i > 0);
      // What follows: BatchNorm, ReLU, and at the end of a block pooling; elsewhere the next convolution can
      // normalize what it reads. In evaluation all that can be done by the convolution as it writes.
      const bool pooled = layers[i + 3].kind == LayerKind::max_pool;
      const double plane = n * static_cast<double>(element_count(layer.output)) * width;
      const double gradient = pooled ? plane / 4 : plane;
      const double activation = pooled ? plane / 4 : 0;
      if (options.training) limit.pass_bytes += plane + activation + gradient + plane + plane;
    } else if (layer.kind == LayerKind::linear) {
      const LinearShape shape{options.batch_size, layer.input[0], layer.output[0]};
      in_all_directions(
          [&](const std::string& name, Direction direction) { race_linear(race, name, shape, direction); },
          options.training ? layer.name + " forward" : layer.name, true);
    }
  }
  limit.kernels = std::move(race.kernels);
  return limit;
}

double copy_bytes_per_second(int threads, int rounds) {
  omp_set_num_threads(threads);
  constexpr std::size_t bytes = std::size_t{256} << 20;
  const AlignedMemory from(bytes);
  const AlignedMemory to(bytes);
  double best = 0;
  // Large pieces are copied past the caches by memcpy, small ones through them: whichever this machine likes.
  for (const std::size_t piece : {std::size_t{1} << 20, bytes / static_cast<std::size_t>(threads)}) {
    const auto copy = [&] {
      parallel_each(static_cast<std::int64_t>((bytes + piece - 1) / piece), [&](std::int64_t i) {
        const std::size_t first = static_cast<std::size_t>(i) * piece;
        std::memcpy(to.bytes() + first, from.bytes() + first, std::min(piece, bytes - first));
      });
    };
    std::memset(from.bytes(), 1, bytes);  // pages of its own, not the one of zeroes
    copy();
    std::vector<double> seconds;
    for (int round = 0; round < rounds; ++round) seconds.push_back(seconds_of(copy));
    best = std::max(best, 2.0 * static_cast<double>(bytes) / median_of(seconds));
  }
  return best;
}

double limit_seconds(const Limit& limit, double bandwidth) {
  double seconds = (limit.pass_bytes + limit.adam_bytes) / bandwidth;
  for (const OperationTime& kernel : limit.kernels) seconds += kernel.seconds;
  return seconds;
}

void take_faster(Limit& limit, const std::vector<OperationTime>& operations) {
  for (OperationTime& kernel : limit.kernels) {
    const auto its = std::ranges::find(operations, kernel.name, &OperationTime::name);
    if (its == operations.end() || its->seconds >= kernel.seconds) continue;
    kernel.seconds = its->seconds;
    kernel.implementation = its->implementation;
  }
}

}  // namespace bart
