#include "gpu_speed.h"

#include <algorithm>
#include <cstdint>

#include "bart/platform/timing.h"
#include "batch_run.h"
#include "cuda_step.h"

namespace bart::cuda {
namespace {

constexpr int rounds = 5;
constexpr double long_enough = 2e-3;  // seconds, beside which starting the work takes no time

/// The least seconds of a call whose work is done when the stream is.
template <class Work>
double least_seconds(const Context& gpu, const Work& work) {
  double least = 0;
  for (int round = 0; round < rounds; ++round) {
    const double seconds = seconds_of([&] {
      work();
      gpu.synchronize();
    });
    if (round == 0 || seconds < least) least = seconds;
  }
  return least;
}

double copied_per_second(const std::shared_ptr<const Context>& gpu) {
  constexpr std::size_t most = std::size_t{256} << 20;
  const std::size_t bytes = std::min(most, gpu->free_memory() / 4);
  const Memory from(gpu, bytes, "for a copy"), to(gpu, bytes, "for a copy");
  gpu->clear(from.address(), bytes);
  return 2.0 * static_cast<double>(bytes) /
         least_seconds(*gpu, [&] { gpu->copy_on_device(to.address(), from.address(), bytes); });
}

/// A convolution of 256 channels into as many, over pictures of 16 x 16.
double flops_per_second(const std::shared_ptr<const Context>& gpu, Arithmetic arithmetic) {
  constexpr int size = 16, channels = 256;
  constexpr std::int64_t depth = 9 * channels;
  const Kernels& k = gpu->kernels();
  const auto& kernel = arithmetic == Arithmetic::f32    ? k.convolution_wide_f32
                       : arithmetic == Arithmetic::tf32 ? k.convolution_wide_tf32
                                                        : k.convolution_wide_bf16;
  const TileSize tile = convolution_tile(channels);
  const Memory weights(gpu, channels * depth * sizeof(float), "for a product");
  gpu->clear(weights.address(), weights.size());
  for (std::int64_t pictures = 1;; pictures *= 2) {
    const std::int64_t rows = pictures * size * size;
    const std::size_t bytes = static_cast<std::size_t>(rows) * channels * sizeof(float);
    const Memory input(gpu, bytes, "for a product"), output(gpu, bytes, "for a product");
    gpu->clear(input.address(), bytes);
    const Product product{.output = output.at<float>(0),
                          .bias = nullptr,
                          .rows = rows,
                          .columns = channels,
                          .depth = depth,
                          .piece = whole_tiles(depth)};
    const double seconds = least_seconds(*gpu, [&] {
      gpu->launch(kernel, {.x = divided(rows, tile.rows), .y = divided(channels, tile.columns)},
                  {.input = input.at<float>(0),
                   .weights = weights.at<float>(0),
                   .size = size,
                   .in_channels = channels,
                   .product = product});
    });
    if (seconds > long_enough || gpu->free_memory() / 8 < bytes)
      return 2.0 * static_cast<double>(rows * depth) * channels / seconds;
  }
}

}  // namespace

DeviceSpeed speed_of(const std::shared_ptr<const Context>& context, Precision precision) {
  context->enter();
  return {.flops_per_second = flops_per_second(context, arithmetic_of(precision)),
          .bytes_per_second = copied_per_second(context)};
}

}  // namespace bart::cuda
