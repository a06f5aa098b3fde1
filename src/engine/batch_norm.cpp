#include "batch_norm.h"

#include <algorithm>
#include <cmath>

#include "batch_norm_kernels.h"
#include "team.h"

namespace bart {
namespace {

/// The index of the channels of plane i of [N, C / B, …] in a per-channel array.
std::int64_t first_channel(const ActivationShape& s, std::int64_t plane) {
  return plane % (s.channels / s.block) * s.block;
}

PlaneChannels at(const BatchNormChannels& all, std::int64_t channel) {
  return {all.mean + channel, all.scale + channel, all.shift + channel};
}

double* partial_of(const ActivationShape& s, double* partial, std::int64_t plane) {
  return partial + plane * 2 * s.block;
}

/// The sum of a channel's first or second partial sums over the pictures of the batch, always in the same
/// order, so that the bits do not depend on the number of threads.
double total_over_images(const ActivationShape& s, const double* partial, std::int64_t channel, int which) {
  double sum = 0;
  const std::int64_t blocks = s.channels / s.block;
  for (std::int64_t n = 0; n < s.n; ++n) {
    sum += partial[((n * blocks + channel / s.block) * 2 + which) * s.block + channel % s.block];
  }
  return sum;
}

/// The factors of dx, [C] each.
struct Factors {
  float* dy_mean;
  float* slope;
  float* gain;
};

/// Turns the partial sums of g and g * (x - mean) into the gradients of weight and bias, and into the factors
/// of dx, which lie after the sums in the scratch memory.
Factors gradient_factors(const ActivationShape& s, const float* weight, const BatchNormChannels& channels,
                         float* dweight, float* dbias, double* partial) {
  const double count = static_cast<double>(s.n) * static_cast<double>(s.size * s.size);
  auto* room = reinterpret_cast<float*>(partial + s.planes() * 2 * s.block);
  const Factors factors{room, room + s.channels, room + 2 * s.channels};
  for (std::int64_t c = 0; c < s.channels; ++c) {
    const double dy_sum = total_over_images(s, partial, c, 0);
    const double product_sum = total_over_images(s, partial, c, 1);
    const double invstd = channels.invstd[c];
    dbias[c] = static_cast<float>(dy_sum);
    dweight[c] = static_cast<float>(product_sum * invstd);
    factors.dy_mean[c] = static_cast<float>(dy_sum / count);
    factors.slope[c] = static_cast<float>(product_sum * invstd * invstd / count);
    factors.gain[c] = static_cast<float>(invstd * static_cast<double>(weight[c]));
  }
  return factors;
}

PlaneGradient at(const Factors& factors, std::int64_t channel) {
  return {factors.dy_mean + channel, factors.slope + channel, factors.gain + channel};
}

}  // namespace

std::size_t batch_norm_partial_bytes(const ActivationShape& s) {
  return static_cast<std::size_t>(s.planes() * 2 * s.block) * sizeof(double) +
         static_cast<std::size_t>(3 * s.channels) * sizeof(float);
}

void finish_batch_norm_statistics(std::int64_t c, double count, float mean, float squares,
                                  const float* weight, const float* bias, float* running_mean,
                                  float* running_var, BatchNormChannels channels) {
  channels.mean[c] = mean;
  const float variance = squares / static_cast<float>(count);
  channels.invstd[c] = static_cast<float>(1 / std::sqrt(static_cast<double>(variance) + batch_norm_eps));
  channels.scale[c] = channels.invstd[c] * weight[c];
  channels.shift[c] = std::fma(-channels.mean[c], channels.scale[c], bias[c]);
  const double unbiased = static_cast<double>(squares) / std::max(count - 1, 1.0);
  running_mean[c] = static_cast<float>((1 - batch_norm_momentum) * static_cast<double>(running_mean[c]) +
                                       batch_norm_momentum * static_cast<double>(channels.mean[c]));
  running_var[c] = static_cast<float>((1 - batch_norm_momentum) * static_cast<double>(running_var[c]) +
                                      batch_norm_momentum * unbiased);
}

void exact_batch_norm_statistics(const Team& team, const ActivationShape& s, const float* x,
                                 const float* weight, const float* bias, float* running_mean,
                                 float* running_var, BatchNormChannels channels, double* partial) {
  const auto pixels = static_cast<std::size_t>(s.size * s.size);
  const auto block = static_cast<std::size_t>(s.block);
  team.each(s.planes(),
            [&](std::int64_t i) { plane_sum(x + i * s.plane(), pixels, block, partial_of(s, partial, i)); });
  const double count = static_cast<double>(s.n) * static_cast<double>(pixels);
  for (std::int64_t c = 0; c < s.channels; ++c) {
    channels.mean[c] = static_cast<float>(total_over_images(s, partial, c, 0) / count);
  }
  team.each(s.planes(), [&](std::int64_t i) {
    plane_squares(x + i * s.plane(), pixels, block, channels.mean + first_channel(s, i),
                  partial_of(s, partial, i));
  });
  for (std::int64_t c = 0; c < s.channels; ++c) {
    finish_batch_norm_statistics(c, count, channels.mean[c],
                                 static_cast<float>(total_over_images(s, partial, c, 0)), weight, bias,
                                 running_mean, running_var, channels);
  }
}

void batch_norm_statistics(const Team& team, const ActivationShape& s, ActivationArray x, const float* weight,
                           const float* bias, float* running_mean, float* running_var,
                           BatchNormChannels channels, double* partial) {
  const auto pixels = static_cast<std::size_t>(s.size * s.size);
  team.each(s.planes(), [&](std::int64_t i) {
    plane_moments(x.at(i * s.plane()), pixels, static_cast<std::size_t>(s.block), partial_of(s, partial, i));
  });
  const double count = static_cast<double>(s.n) * static_cast<double>(pixels);
  for (std::int64_t c = 0; c < s.channels; ++c) {
    const double sum = total_over_images(s, partial, c, 0);
    const double squares = std::max(0.0, total_over_images(s, partial, c, 1) - sum * sum / count);
    finish_batch_norm_statistics(c, count, static_cast<float>(sum / count), static_cast<float>(squares),
                                 weight, bias, running_mean, running_var, channels);
  }
}

void normalize_relu_forward(const Team& team, const ActivationShape& s, ActivationArray x,
                            BatchNormChannels channels, ActivationArray y) {
  team.each(s.planes(), [&](std::int64_t i) {
    plane_normalize_relu(x.at(i * s.plane()), static_cast<std::size_t>(s.size * s.size),
                         static_cast<std::size_t>(s.block), at(channels, first_channel(s, i)),
                         y.at(i * s.plane()));
  });
}

void normalize_relu_backward(const Team& team, const ActivationShape& s, ActivationArray dy,
                             const float* weight, BatchNormChannels channels, ActivationArray x,
                             float* dweight, float* dbias, double* partial) {
  const auto pixels = static_cast<std::size_t>(s.size * s.size);
  const auto block = static_cast<std::size_t>(s.block);
  team.each(s.planes(), [&](std::int64_t i) {
    plane_relu_sums(dy.at(i * s.plane()), x.at(i * s.plane()), pixels, block,
                    at(channels, first_channel(s, i)), partial_of(s, partial, i));
  });
  const Factors factors = gradient_factors(s, weight, channels, dweight, dbias, partial);
  team.each(s.planes(), [&](std::int64_t i) {
    const std::int64_t c = first_channel(s, i);
    plane_relu_gradient(dy.at(i * s.plane()), pixels, block, at(channels, c), at(factors, c),
                        x.at(i * s.plane()));
  });
}

void normalize_relu_pool_forward(const Team& team, const ActivationShape& s, ActivationArray x,
                                 BatchNormChannels channels, const float* keep, ActivationArray y) {
  team.each(s.planes(), [&](std::int64_t i) {
    const std::int64_t c = first_channel(s, i);
    const std::int64_t image = i / (s.channels / s.block);
    plane_normalize_relu_pool(x.at(i * s.plane()), static_cast<std::size_t>(s.size),
                              static_cast<std::size_t>(s.block), at(channels, c),
                              keep + image * s.channels + c, y.at(i * s.plane() / 4));
  });
}

void normalize_relu_pool_backward(const Team& team, const ActivationShape& s, ActivationArray dy,
                                  const float* weight, BatchNormChannels channels, const float* keep,
                                  ActivationArray x, float* dweight, float* dbias, double* partial) {
  const auto size = static_cast<std::size_t>(s.size);
  const auto block = static_cast<std::size_t>(s.block);
  const auto keep_of = [&](std::int64_t i) {
    return keep + i / (s.channels / s.block) * s.channels + first_channel(s, i);
  };
  team.each(s.planes(), [&](std::int64_t i) {
    plane_pool_sums(dy.at(i * s.plane() / 4), x.at(i * s.plane()), size, block,
                    at(channels, first_channel(s, i)), keep_of(i), partial_of(s, partial, i));
  });
  const Factors factors = gradient_factors(s, weight, channels, dweight, dbias, partial);
  team.each(s.planes(), [&](std::int64_t i) {
    const std::int64_t c = first_channel(s, i);
    plane_pool_gradient(dy.at(i * s.plane() / 4), size, block, at(channels, c), keep_of(i), at(factors, c),
                        x.at(i * s.plane()));
  });
}

void max_pool_forward(const Team& team, const ActivationShape& s, ActivationArray x, ActivationArray y) {
  team.each(s.planes(), [&](std::int64_t i) {
    plane_max_pool(x.at(i * s.plane()), static_cast<std::size_t>(s.size), static_cast<std::size_t>(s.block),
                   y.at(i * s.plane() / 4));
  });
}

}  // namespace bart
