#include "bart/bench/limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include "bart/engine/kernel_trials.h"
#include "bart/platform/aligned_memory.h"
#include "bart/platform/error.h"
#include "bart/platform/threads.h"
#include "bart/platform/timing.h"

namespace bart {
namespace {

/// Memory full of noise that all kernels use in turn. No kernel reads what another one has written.
class NoiseMemory {
 public:
  std::vector<void*> read(const std::vector<std::size_t>& sizes) { return blocks(reads_, sizes); }
  std::vector<void*> written(const std::vector<std::size_t>& sizes) { return blocks(writes_, sizes); }

 private:
  using Blocks = std::map<std::size_t, AlignedMemory>;

  static std::vector<void*> blocks(Blocks& all, const std::vector<std::size_t>& sizes) {
    std::vector<void*> result;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      AlignedMemory& block = all[i];
      if (block.size() < sizes[i]) block = filled(sizes[i]);
      result.push_back(block.bytes());
    }
    return result;
  }

  /// Both halves of each float are bf16 numbers in [-1, 1), so that it is noise without infinities in either
  /// precision.
  static AlignedMemory filled(std::size_t bytes) {
    AlignedMemory block(bytes);
    std::uint32_t word = 2654435761u;
    for (std::size_t at = 0; at + 4 <= bytes; at += 4) {
      word = word * 1664525u + 1013904223u;  // Numerical Recipes' generator
      const float value = static_cast<float>(static_cast<std::int32_t>(word)) * 0x1p-31f;
      std::uint32_t bits = 0;
      std::memcpy(&bits, &value, sizeof bits);
      bits = (bits & 0xffff0000u) | bits >> 16;
      std::memcpy(block.bytes() + at, &bits, sizeof bits);
    }
    return block;
  }

  Blocks reads_, writes_;
};

/// The seconds of one call: the median of the rounds. Empty if it is clearly slower than `best`.
std::optional<double> trial_seconds(const std::function<void()>& run, int rounds,
                                    const std::optional<OperationTime>& best) {
  run();
  std::vector<double> seconds;
  for (int round = 0; round < rounds; ++round) {
    seconds.push_back(seconds_of(run));
    if (best && round == 1 && std::ranges::min(seconds) > 1.5 * best->seconds) return std::nullopt;
  }
  return median_of(seconds);
}

/// The fastest kernel of an operation.
OperationTime fastest(const OperationTrials& operation, NoiseMemory& memory, int rounds) {
  std::optional<OperationTime> best;
  for (const KernelTrial& kernel : operation.kernels) {
    const auto run = kernel.bind(memory.read(kernel.reads), memory.written(kernel.writes));
    const std::optional<double> seconds = trial_seconds(run, rounds, best);
    if (!seconds || (best && *seconds >= best->seconds)) continue;
    best = {operation.name, kernel.implementation, *seconds, operation.flops, kernel.bytes()};
  }
  if (!best) throw Error("there is no fast kernel for " + operation.name + " on this computer");
  return *best;
}

/// The passes after the convolutions of a training step: BatchNorm, ReLU and pooling at the end of a block.
/// Within a block the next convolution can normalize its input as it reads it. In evaluation the convolution
/// can do all this as it writes its output.
double pass_bytes(const std::vector<Layer>& layers, const LimitOptions& options) {
  double bytes = 0;
  const double width = options.engine.precision == Precision::bf16 ? 2 : 4;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].kind != LayerKind::convolution) continue;
    const bool pooled = layers[i + 3].kind == LayerKind::max_pool;
    const double plane = options.batch_size * static_cast<double>(element_count(layers[i].output)) * width;
    const double gradient = pooled ? plane / 4 : plane;
    const double activation = pooled ? plane / 4 : 0;
    bytes += plane + activation + gradient + plane + plane;
  }
  return bytes;
}

/// The traffic of a training step between its convolutions, and of Adam.
void add_traffic(const std::vector<Layer>& layers, const LimitOptions& options, Limit& limit) {
  limit.pass_bytes = pass_bytes(layers, options);
  for (const Layer& layer : layers) limit.adam_bytes += 7.0 * 4 * static_cast<double>(layer.parameters());
}

}  // namespace

Limit limit_on(const DeviceSpeed& speed, const Architecture& architecture, const LimitOptions& options) {
  Limit limit{};
  const std::vector<Layer> layers = layers_of(architecture);
  for (const Layer& layer : layers) {
    if (layer.kind != LayerKind::convolution && layer.kind != LayerKind::linear) continue;
    const bool convolution = layer.kind == LayerKind::convolution;
    const double depth = static_cast<double>(convolution ? 9 * layer.input.front() : layer.input.front());
    const double flops = 2 * options.batch_size * depth * static_cast<double>(element_count(layer.output));
    const auto add = [&](const char* direction) {
      limit.kernels.push_back({.name = fmt::format("{} {}", layer.name, direction),
                               .implementation = "matrix product",
                               .seconds = flops / speed.flops_per_second,
                               .flops = flops,
                               .bytes = 0});
    };
    add("forward");
    if (!options.training) continue;
    add("backward weights");
    if (&layer != &layers.front()) add("backward data");
  }
  if (options.training) add_traffic(layers, options, limit);
  return limit;
}

Limit measure_limit(const Architecture& architecture, const LimitOptions& options,
                    const OnProgress& progress) {
  const std::vector<OperationTrials> operations =
      kernel_trials(architecture, options.engine, options.batch_size, options.training);
  Limit limit{};
  NoiseMemory memory;
  for (const OperationTrials& operation : operations) {
    limit.kernels.push_back(fastest(operation, memory, options.rounds));
    if (progress) progress(limit.kernels.size(), operations.size());
  }
  if (options.training) add_traffic(layers_of(architecture), options, limit);
  return limit;
}

double copy_bytes_per_second(int threads, int rounds) {
  constexpr std::size_t bytes = std::size_t{256} << 20;
  if (threads < 0) throw Error(fmt::format("{} threads are not possible", threads));
  const int all = threads == 0 ? available_threads() : threads;
  const AlignedMemory from(bytes);
  const AlignedMemory to(bytes);
  double best = 0;
  // memcpy copies large pieces past the caches and small ones through them; the faster way counts.
  for (const std::size_t piece : {std::size_t{1} << 20, bytes / static_cast<std::size_t>(all)}) {
    const auto copy = [&] {
      parallel_for((bytes + piece - 1) / piece, all, [&](std::size_t i) {
        const std::size_t first = i * piece;
        std::memcpy(to.bytes() + first, from.bytes() + first, std::min(piece, bytes - first));
      });
    };
    std::memset(from.bytes(), 1,
                bytes);  // so that it has pages of its own instead of the shared page of zeros
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
    const auto timed = std::ranges::find(operations, kernel.name, &OperationTime::name);
    if (timed == operations.end() || timed->seconds >= kernel.seconds) continue;
    kernel.seconds = timed->seconds;
    kernel.implementation = timed->implementation;
  }
}

}  // namespace bart
