#include "pixel_convolution.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "pixel_convolution_kernels.h"
#include "team.h"

namespace bart {
namespace {

/// A job is a band of a picture's rows: enough of them for many threads, whatever the batch. `pictures` are
/// those of the whole batch, for what a job adds up must not depend on the number of processes.
struct Bands {
  std::int64_t rows, per_picture;

  Bands(const ActivationShape& s, std::int64_t pictures) {
    const std::int64_t wanted = std::clamp<std::int64_t>((64 + pictures - 1) / pictures, 1, (s.size + 7) / 8);
    rows = (s.size + wanted - 1) / wanted;
    per_picture = (s.size + rows - 1) / rows;
  }
  std::int64_t count(const ActivationShape& s) const { return s.n * per_picture; }
};

/// Floats of one row of a picture, rounded up to a cache line.
std::int64_t floats_of_row(std::int64_t size) {
  return (3 * (size + 2) + 15) / 16 * 16;
}

/// Floats of one thread: three rows of the picture and a row of zeros.
std::int64_t thread_floats(std::int64_t size) {
  return 4 * floats_of_row(size);
}

ChannelRow channel_row(const ActivationShape& s) {
  return {static_cast<std::size_t>(s.size), static_cast<std::size_t>(s.channels),
          static_cast<std::size_t>(s.block), static_cast<std::size_t>(s.plane())};
}

/// Calls visit(rows around y, index of the row's first number in [N, C/B, H, W, B]) for each row of a band.
template <class Visit>
void each_row(const ActivationShape& s, const Bands& bands, std::int64_t job,
              std::span<const std::uint8_t* const> pictures, float* room, const Visit& visit) {
  const std::int64_t n = job / bands.per_picture;
  const std::int64_t first = job % bands.per_picture * bands.rows;
  const std::int64_t end = std::min(first + bands.rows, s.size);
  const std::uint8_t* picture = pictures[static_cast<std::size_t>(n)];
  const std::int64_t length = floats_of_row(s.size);
  const float* zeros = room + 3 * length;
  std::memset(room + 3 * length, 0, static_cast<std::size_t>(length) * sizeof(float));
  const auto outside = [&](std::int64_t y) { return y < 0 || y >= s.size; };
  const auto read = [&](std::int64_t y) {
    if (outside(y)) return;
    float_pixels(picture + y * s.size * 3, static_cast<std::size_t>(s.size), room + y % 3 * length);
  };
  const auto row = [&](std::int64_t y) { return outside(y) ? zeros : room + y % 3 * length; };
  read(first - 1);
  read(first);
  for (std::int64_t y = first; y < end; ++y) {
    read(y + 1);
    visit(PixelRows{row(y - 1), row(y), row(y + 1)}, n * s.channels * s.size * s.size + y * s.size * s.block);
  }
}

using PatchVector = std::array<double, patch_elements>;

/// The filter of one channel, in doubles.
PatchVector filter_of(const ActivationShape& s, const float* weights, std::int64_t channel) {
  PatchVector filter;
  const float* from = weights + channel / s.block * patch_elements * s.block + channel % s.block;
  for (std::size_t e = 0; e < filter.size(); ++e) {
    filter[e] = static_cast<double>(from[static_cast<std::int64_t>(e) * s.block]);
  }
  return filter;
}

double dot(const PatchVector& a, const PatchVector& b) {
  double sum = 0;
  for (std::size_t e = 0; e < a.size(); ++e) sum += a[e] * b[e];
  return sum;
}

/// The patches' mean, and their summed products of differences from it.
struct CentredMoments {
  double count;
  PatchVector mean;
  std::array<PatchVector, patch_elements> products;

  explicit CentredMoments(const PatchMoments& moments) : count(static_cast<double>(moments.count)) {
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = static_cast<double>(moments.sums[i]) / count;
    for (std::size_t i = 0; i < mean.size(); ++i) {
      for (std::size_t j = 0; j < mean.size(); ++j) {
        products[i][j] = static_cast<double>(moments.gram[i * mean.size() + j]) -
                         static_cast<double>(moments.sums[i]) * mean[j];
      }
    }
  }
  PatchVector times(const PatchVector& filter) const {
    PatchVector result;
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = dot(products[i], filter);
    return result;
  }
};

constexpr std::int64_t sums_of_channel = patch_elements + 1;  // of g * patch, and of g

}  // namespace

std::size_t pixel_mask_bytes(const ActivationShape& s) {
  return static_cast<std::size_t>(s.count()) / 8;
}

void pixel_convolution_statistics(const Team& team, const ActivationShape& s, const PatchMoments& moments,
                                  const float* weights, const float* conv_bias, const float* weight,
                                  const float* bias, float* running_mean, float* running_var,
                                  BatchNormChannels channels) {
  const CentredMoments patches(moments);
  team.each(s.channels, [&](std::int64_t c) {
    const PatchVector filter = filter_of(s, weights, c);
    const double mean = dot(filter, patches.mean) / 255 + static_cast<double>(conv_bias[c]);
    const double squares = std::max(0.0, dot(filter, patches.times(filter)) / (255 * 255));
    finish_batch_norm_statistics(c, patches.count, static_cast<float>(mean), static_cast<float>(squares),
                                 weight, bias, running_mean, running_var, channels);
  });
}

void fold_pixel_convolution(const ActivationShape& s, const float* weights, const float* conv_bias,
                            BatchNormChannels channels, float* folded, float* offset) {
  for (std::int64_t c = 0; c < s.channels; ++c) {
    const PatchVector filter = filter_of(s, weights, c);
    const auto scale = static_cast<double>(channels.scale[c]);
    float* to = folded + c / s.block * patch_elements * s.block + c % s.block;
    for (std::size_t e = 0; e < filter.size(); ++e) {
      to[static_cast<std::int64_t>(e) * s.block] = static_cast<float>(filter[e] * scale / 255);
    }
    offset[c] = static_cast<float>(static_cast<double>(conv_bias[c]) * scale +
                                   static_cast<double>(channels.shift[c]));
  }
}

std::size_t pixel_convolution_scratch_bytes(const ActivationShape& s, const Team& team) {
  return static_cast<std::size_t>(team.size * thread_floats(s.size)) * sizeof(float);
}

void pixel_convolution_forward(const Team& team, const ActivationShape& s,
                               std::span<const std::uint8_t* const> pictures, const float* folded,
                               const float* offset, ActivationArray y, std::uint8_t* mask, void* scratch) {
  const Bands bands(s, std::max<std::int64_t>(s.n, 1));
  const ChannelRow row = channel_row(s);
  team.each(bands.count(s), [&](std::int64_t job, int thread) {
    float* room = static_cast<float*>(scratch) + thread * thread_floats(s.size);
    each_row(s, bands, job, pictures, room, [&](const PixelRows& pixels, std::int64_t first) {
      pixel_row_forward(pixels, row, folded, offset, y.at(first),
                        mask == nullptr ? nullptr : mask + first / 8);
    });
  });
}

namespace {

/// Memory of the backward pass: each job's sums, [C/B, 28, B], those of slices, then each thread's rows.
struct GradientRoom {
  std::int64_t width;  // doubles: the sums of a job or a slice
  std::int64_t jobs, slices;
  std::size_t sums_bytes;
  std::int64_t thread;  // floats

  GradientRoom(const ActivationShape& s, const Bands& bands, const BatchSlices& batch)
      : width(s.channels * sums_of_channel),
        jobs(bands.count(s)),
        slices(batch.own_count()),
        sums_bytes(static_cast<std::size_t>((jobs + slices) * width) * sizeof(double)),
        thread(thread_floats(s.size) +
               static_cast<std::int64_t>(gradient_row_floats(static_cast<std::size_t>(s.size)))) {}
};

/// Adds up the sums of each slice's jobs, [C/B, 28, B], and those of all slices. Returns the latter.
const double* add_jobs(const Team& team, const ActivationShape& s, const Bands& bands,
                       const BatchSlices& batch, const GradientRoom& room, double* jobs) {
  double* sums = jobs + room.jobs * room.width;
  const std::int64_t blocks = s.channels / s.block;
  const std::int64_t numbers = sums_of_channel * s.block;
  team.each(room.slices * blocks, [&](std::int64_t i) {
    const std::int64_t block = i % blocks;
    const BatchSlices::Slice& slice = batch.own()[static_cast<std::size_t>(i / blocks)];
    double* to = sums + i / blocks * room.width + block * numbers;
    std::fill_n(to, numbers, 0.0);
    for (std::int64_t job = slice.first * bands.per_picture; job < slice.end * bands.per_picture; ++job) {
      const double* from = jobs + job * room.width + block * numbers;
      for (std::int64_t n = 0; n < numbers; ++n) to[n] += from[n];
    }
  });
  batch.add(sums, room.width);
  return sums;
}

}  // namespace

std::size_t pixel_convolution_gradient_scratch_bytes(const ActivationShape& s, const BatchSlices& slices,
                                                     const Team& team) {
  const GradientRoom room(s, Bands(s, slices.pictures()), slices);
  return room.sums_bytes + static_cast<std::size_t>(team.size * room.thread) * sizeof(float);
}

void pixel_convolution_gradient_sums(const Team& team, const ActivationShape& s, const BatchSlices& slices,
                                     std::span<const std::uint8_t* const> pictures, std::int64_t first,
                                     int thread, ActivationArray dy, const std::uint8_t* mask,
                                     void* scratch) {
  const Bands bands(s, slices.pictures());
  const GradientRoom room(s, bands, slices);
  const ChannelRow row = channel_row(s);
  auto* jobs = static_cast<double*>(scratch) + first * bands.per_picture * room.width;
  auto* threads = reinterpret_cast<float*>(static_cast<std::uint8_t*>(scratch) + room.sums_bytes);
  team.each(std::ssize(pictures) * bands.per_picture, [&](std::int64_t job, int of_team) {
    double* sums = jobs + job * room.width;
    std::fill_n(sums, room.width, 0.0);
    float* mine = threads + (thread + of_team) * room.thread;
    float* gradient = mine + thread_floats(s.size);
    each_row(s, bands, job, pictures, mine, [&](const PixelRows& pixels, std::int64_t at) {
      pixel_row_backward(pixels, row, dy.at(at), mask + at / 8, gradient, sums);
    });
  });
}

void pixel_convolution_gradients(const Team& team, const ActivationShape& s, const BatchSlices& slices,
                                 const PatchMoments& moments, const float* weights, const float* weight,
                                 BatchNormChannels channels, float* dweights, float* dweight, float* dbias,
                                 void* scratch) {
  const Bands bands(s, slices.pictures());
  const GradientRoom room(s, bands, slices);
  const double* totals = add_jobs(team, s, bands, slices, room, static_cast<double*>(scratch));

  const CentredMoments patches(moments);
  team.each(s.channels / s.block, [&](std::int64_t block) {
    const double* of_block = totals + block * sums_of_channel * s.block;
    for (std::int64_t lane = 0; lane < s.block; ++lane) {
      const std::int64_t c = block * s.block + lane;
      const auto total = [&](std::size_t e) {
        return of_block[static_cast<std::int64_t>(e) * s.block + lane];
      };
      const double g_sum = total(patch_elements);
      PatchVector centred;  // the sum of g * (patch - its mean)
      for (std::size_t e = 0; e < centred.size(); ++e) centred[e] = total(e) - g_sum * patches.mean[e];
      const PatchVector filter = filter_of(s, weights, c);
      const PatchVector slope = patches.times(filter);
      const auto invstd = static_cast<double>(channels.invstd[c]);
      const double product_sum = invstd * dot(filter, centred) / 255;
      const double gain = static_cast<double>(weight[c]) * invstd / 255;
      dbias[c] = static_cast<float>(g_sum);
      dweight[c] = static_cast<float>(product_sum);
      for (std::size_t e = 0; e < centred.size(); ++e) {
        const double along = product_sum / patches.count * invstd / 255 * slope[e];
        dweights[block * patch_elements * s.block + static_cast<std::int64_t>(e) * s.block + lane] =
            static_cast<float>(gain * (centred[e] - along));
      }
    }
  });
}

}  // namespace bart
