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

/// The sums over the batch, each [C].
struct BatchSums {
  const double* first;
  const double* second;
};

/// The sums of each channel over the pictures of the batch, from the partial sums, always in the same order,
/// so that the bits do not depend on the number of threads. They lie after the partial sums. With one of
/// `kinds` there are only first sums.
BatchSums sums_over_batch(const ActivationShape& s, const BatchSlices& slices, double* partial,
                          int kinds = 2) {
  const std::int64_t blocks = s.channels / s.block;
  double* sums = partial + s.planes() * 2 * s.block;  // [slices, 2, C]
  const std::int64_t width = kinds * s.channels;
  std::fill_n(sums, slices.own_count() * width, 0.0);
  double* of_slice = sums;
  for (const BatchSlices::Slice& slice : slices.own()) {
    for (std::int64_t plane = slice.first * blocks; plane < slice.end * blocks; ++plane) {
      const double* from = partial_of(s, partial, plane);
      double* to = of_slice + first_channel(s, plane);
      for (std::int64_t kind = 0; kind < kinds; ++kind) {
        for (std::int64_t lane = 0; lane < s.block; ++lane) {
          to[kind * s.channels + lane] += from[kind * s.block + lane];
        }
      }
    }
    of_slice += width;
  }
  slices.add(sums, width);
  return {sums, sums + s.channels};
}

/// The number of pixels of one channel in the whole batch.
double count_of_batch(const ActivationShape& s, const BatchSlices& slices) {
  return static_cast<double>(slices.pictures()) * static_cast<double>(s.size * s.size);
}

PlaneGradient at(const BatchNormFactors& factors, std::int64_t channel) {
  return {factors.dy_mean + channel, factors.slope + channel, factors.gain + channel};
}

/// The dropout of a plane's channels.
const float* keep_of(const ActivationShape& s, const float* keep, std::int64_t plane) {
  return keep + plane / (s.channels / s.block) * s.channels + first_channel(s, plane);
}

}  // namespace

std::size_t batch_norm_partial_bytes(const ActivationShape& s, const BatchSlices& slices) {
  return static_cast<std::size_t>(s.planes() * 2 * s.block + slices.own_count() * 2 * s.channels) *
             sizeof(double) +
         static_cast<std::size_t>(3 * s.channels) * sizeof(float);
}

/// They lie after the sums.
BatchNormFactors batch_norm_factors(const ActivationShape& s, const BatchSlices& slices, double* partial) {
  auto* room =
      reinterpret_cast<float*>(partial + s.planes() * 2 * s.block + slices.own_count() * 2 * s.channels);
  return {room, room + s.channels, room + 2 * s.channels};
}

/// From the partial sums of g and g * (x - mean).
BatchNormFactors batch_norm_gradients(const ActivationShape& s, const BatchSlices& slices,
                                      const float* weight, BatchNormChannels channels, float* dweight,
                                      float* dbias, double* partial) {
  const double count = count_of_batch(s, slices);
  const BatchSums sums = sums_over_batch(s, slices, partial);
  const BatchNormFactors factors = batch_norm_factors(s, slices, partial);
  for (std::int64_t c = 0; c < s.channels; ++c) {
    const double dy_sum = sums.first[c];
    const double product_sum = sums.second[c];
    const double invstd = channels.invstd[c];
    dbias[c] = static_cast<float>(dy_sum);
    dweight[c] = static_cast<float>(product_sum * invstd);
    factors.dy_mean[c] = static_cast<float>(dy_sum / count);
    factors.slope[c] = static_cast<float>(product_sum * invstd * invstd / count);
    factors.gain[c] = static_cast<float>(invstd * static_cast<double>(weight[c]));
  }
  return factors;
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

void exact_batch_norm_statistics(const Team& team, const ActivationShape& s, const BatchSlices& slices,
                                 const float* x, const float* weight, const float* bias, float* running_mean,
                                 float* running_var, BatchNormChannels channels, double* partial) {
  const auto pixels = static_cast<std::size_t>(s.size * s.size);
  const auto block = static_cast<std::size_t>(s.block);
  team.each(s.planes(),
            [&](std::int64_t i) { plane_sum(x + i * s.plane(), pixels, block, partial_of(s, partial, i)); });
  const double count = count_of_batch(s, slices);
  const BatchSums sums = sums_over_batch(s, slices, partial, 1);
  for (std::int64_t c = 0; c < s.channels; ++c) {
    channels.mean[c] = static_cast<float>(sums.first[c] / count);
  }
  team.each(s.planes(), [&](std::int64_t i) {
    plane_squares(x + i * s.plane(), pixels, block, channels.mean + first_channel(s, i),
                  partial_of(s, partial, i));
  });
  const BatchSums squares = sums_over_batch(s, slices, partial, 1);
  for (std::int64_t c = 0; c < s.channels; ++c) {
    finish_batch_norm_statistics(c, count, channels.mean[c], static_cast<float>(squares.first[c]), weight,
                                 bias, running_mean, running_var, channels);
  }
}

void batch_norm_sums(const Team& team, const ActivationShape& s, ActivationArray x, double* partial) {
  const auto pixels = static_cast<std::size_t>(s.size * s.size);
  team.each(s.planes(), [&](std::int64_t i) {
    plane_moments(x.at(i * s.plane()), pixels, static_cast<std::size_t>(s.block), partial_of(s, partial, i));
  });
}

void batch_norm_statistics_of_sums(const ActivationShape& s, const BatchSlices& slices, const float* weight,
                                   const float* bias, float* running_mean, float* running_var,
                                   BatchNormChannels channels, double* partial) {
  const double count = count_of_batch(s, slices);
  const BatchSums sums = sums_over_batch(s, slices, partial);
  for (std::int64_t c = 0; c < s.channels; ++c) {
    const double sum = sums.first[c];
    const double squares = std::max(0.0, sums.second[c] - sum * sum / count);
    finish_batch_norm_statistics(c, count, static_cast<float>(sum / count), static_cast<float>(squares),
                                 weight, bias, running_mean, running_var, channels);
  }
}

void batch_norm_statistics(const Team& team, const ActivationShape& s, const BatchSlices& slices,
                           ActivationArray x, const float* weight, const float* bias, float* running_mean,
                           float* running_var, BatchNormChannels channels, double* partial) {
  batch_norm_sums(team, s, x, partial);
  batch_norm_statistics_of_sums(s, slices, weight, bias, running_mean, running_var, channels, partial);
}

void normalize_relu_forward(const Team& team, const ActivationShape& s, ActivationArray x,
                            BatchNormChannels channels, ActivationArray y) {
  team.each(s.planes(), [&](std::int64_t i) {
    plane_normalize_relu(x.at(i * s.plane()), static_cast<std::size_t>(s.size * s.size),
                         static_cast<std::size_t>(s.block), at(channels, first_channel(s, i)),
                         y.at(i * s.plane()));
  });
}

void relu_gradient_sums(const Team& team, const ActivationShape& s, ActivationArray dy, ActivationArray x,
                        BatchNormChannels channels, double* partial) {
  const auto pixels = static_cast<std::size_t>(s.size * s.size);
  team.each(s.planes(), [&](std::int64_t i) {
    plane_relu_sums(dy.at(i * s.plane()), x.at(i * s.plane()), pixels, static_cast<std::size_t>(s.block),
                    at(channels, first_channel(s, i)), partial_of(s, partial, i));
  });
}

void relu_gradient(const Team& team, const ActivationShape& s, ActivationArray dy, BatchNormChannels channels,
                   BatchNormFactors factors, ActivationArray x) {
  const auto pixels = static_cast<std::size_t>(s.size * s.size);
  team.each(s.planes(), [&](std::int64_t i) {
    const std::int64_t c = first_channel(s, i);
    plane_relu_gradient(dy.at(i * s.plane()), pixels, static_cast<std::size_t>(s.block), at(channels, c),
                        at(factors, c), x.at(i * s.plane()));
  });
}

void normalize_relu_backward(const Team& team, const ActivationShape& s, const BatchSlices& slices,
                             ActivationArray dy, const float* weight, BatchNormChannels channels,
                             ActivationArray x, float* dweight, float* dbias, double* partial) {
  relu_gradient_sums(team, s, dy, x, channels, partial);
  const BatchNormFactors factors = batch_norm_gradients(s, slices, weight, channels, dweight, dbias, partial);
  relu_gradient(team, s, dy, channels, factors, x);
}

void normalize_relu_pool_forward(const Team& team, const ActivationShape& s, ActivationArray x,
                                 BatchNormChannels channels, const float* keep, ActivationArray y) {
  team.each(s.planes(), [&](std::int64_t i) {
    plane_normalize_relu_pool(x.at(i * s.plane()), static_cast<std::size_t>(s.size),
                              static_cast<std::size_t>(s.block), at(channels, first_channel(s, i)),
                              keep_of(s, keep, i), y.at(i * s.plane() / 4));
  });
}

void pool_gradient_sums(const Team& team, const ActivationShape& s, ActivationArray dy, ActivationArray x,
                        BatchNormChannels channels, const float* keep, double* partial) {
  team.each(s.planes(), [&](std::int64_t i) {
    plane_pool_sums(dy.at(i * s.plane() / 4), x.at(i * s.plane()), static_cast<std::size_t>(s.size),
                    static_cast<std::size_t>(s.block), at(channels, first_channel(s, i)), keep_of(s, keep, i),
                    partial_of(s, partial, i));
  });
}

void pool_gradient(const Team& team, const ActivationShape& s, ActivationArray dy, BatchNormChannels channels,
                   const float* keep, BatchNormFactors factors, ActivationArray x) {
  team.each(s.planes(), [&](std::int64_t i) {
    const std::int64_t c = first_channel(s, i);
    plane_pool_gradient(dy.at(i * s.plane() / 4), static_cast<std::size_t>(s.size),
                        static_cast<std::size_t>(s.block), at(channels, c), keep_of(s, keep, i),
                        at(factors, c), x.at(i * s.plane()));
  });
}

void normalize_relu_pool_backward(const Team& team, const ActivationShape& s, const BatchSlices& slices,
                                  ActivationArray dy, const float* weight, BatchNormChannels channels,
                                  const float* keep, ActivationArray x, float* dweight, float* dbias,
                                  double* partial) {
  pool_gradient_sums(team, s, dy, x, channels, keep, partial);
  const BatchNormFactors factors = batch_norm_gradients(s, slices, weight, channels, dweight, dbias, partial);
  pool_gradient(team, s, dy, channels, keep, factors, x);
}

void max_pool_forward(const Team& team, const ActivationShape& s, ActivationArray x, ActivationArray y) {
  team.each(s.planes(), [&](std::int64_t i) {
    plane_max_pool(x.at(i * s.plane()), static_cast<std::size_t>(s.size), static_cast<std::size_t>(s.block),
                   y.at(i * s.plane() / 4));
  });
}

}  // namespace bart
