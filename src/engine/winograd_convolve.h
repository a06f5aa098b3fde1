#pragma once

// The convolution by Winograd's algorithm, in rounds of tiles that stay in the cache: inputs are transformed,
// multiplied with the transformed weights at each of the 36 points, and transformed to outputs.

#include <algorithm>
#include <cmath>

#include "team.h"
#include "winograd_transforms.h"

namespace bart::winograd {
namespace {

/// The division of the work into jobs: rounds of tiles, and splits of the output channels too if there are
/// few rounds. Each output is the same sum for any division.
struct ConvolutionJobs {
  std::int64_t tiles;  // of a round
  std::int64_t rounds;
  std::int64_t splits = 1;
  bool few;  // few_tiles tiles are multiplied at once, which leaves fewer rows empty

  ConvolutionJobs(const WinogradShape& s, std::size_t number_bytes, int threads) {
    // Transformed inputs that fit into the second-level cache.
    const std::int64_t fit = cache_bytes / (points * s.in * static_cast<std::int64_t>(number_bytes));
    const std::int64_t all = Tiles(s).count;
    set_tiles(all, std::clamp<std::int64_t>(fit / 12 * 12, 12, 48));
    if (rounds < 4 * threads) divide_evenly(s, std::clamp<std::int64_t>(2 * fit, 16, 48), threads);
  }

 private:
  void set_tiles(std::int64_t all, std::int64_t wanted) {
    few = whole(wanted, few_tiles) < whole(wanted, many_tiles);
    tiles = whole(wanted, few ? few_tiles : many_tiles);
    rounds = (all + tiles - 1) / tiles;
  }

  /// Of few jobs one more would keep a thread busy while the others have nothing to do.
  void divide_evenly(const WinogradShape& s, std::int64_t most_tiles, int threads) {
    const std::int64_t all = Tiles(s).count, widths = s.out / width_of(s.out);
    ConvolutionJobs best = *this;
    std::int64_t least = INT64_MAX;
    for (std::int64_t wanted = 4; wanted <= most_tiles; wanted += 4) {
      set_tiles(all, wanted);
      for (splits = 1; splits <= std::min<std::int64_t>(threads, widths); ++splits) {
        if (widths % splits != 0) continue;
        const std::int64_t each = (rounds * splits + threads - 1) / threads;
        const std::int64_t channels = s.out / splits;
        // In multiplications of a row with an output channel: an input's transform takes as long as 20, and
        // reading the weights from the third-level cache as long as 3 rows.
        const std::int64_t time = each * (tiles * (channels + 20) + 3 * channels);
        if (time >= least) continue;
        least = time;
        best = *this;
      }
    }
    *this = best;
  }
  static std::int64_t whole(std::int64_t count, std::int64_t group) {
    return (count + group - 1) / group * group;
  }
};

/// Numbers of a tile's transformed inputs in one block of channels, [36, block]: the transform of a tile
/// writes them in a row, which the cache takes faster than 36 places far apart.
constexpr std::int64_t tile_numbers = points * block;

/// One thread's scratch memory.
template <class T>
struct ConvolutionRoom {
  std::int64_t input_step;    // numbers of inputs from one block of channels to the next
  std::int64_t product_step;  // numbers of products from one point to the next
  std::size_t input_bytes, bytes;

  ConvolutionRoom(const WinogradShape& s, std::int64_t tiles)
      : input_step(tiles * tile_numbers),
        product_step(apart<float>(tiles * width_of(s.out))),
        input_bytes(static_cast<std::size_t>(s.in / block * input_step) * sizeof(T)),
        bytes(input_bytes + points * static_cast<std::size_t>(product_step) * sizeof(float)) {}
};

/// The product of `rows` tiles with the weights of W output channels, at one point.
template <int rows, int W, class T>
BART_INLINE void multiply(const T* x,  // [in / block, rows, block], rows tile_numbers apart
                          std::int64_t in,
                          std::int64_t in_step,  // from one block of inputs to the next
                          const T* w,            // [in / pair, W, pair]
                          float* y) {            // [rows, W]
  constexpr int vectors = W / block;
  Vector sums[rows][vectors];
  for (auto& row : sums) {
    for (Vector& sum : row) sum = constant(0);
  }
  const float* lanes = reinterpret_cast<const float*>(w);
  for (std::int64_t c = 0; c < in; c += block, x += in_step) {
    for (std::int64_t i = 0; i < block; i += pair<T>, lanes += W) {
      Vector weights[vectors];
      for (int v = 0; v < vectors; ++v) weights[v] = load(lanes + v * block);
#pragma GCC unroll 12
      for (int r = 0; r < rows; ++r) {
        const T* input = x + r * tile_numbers + i;
        for (int v = 0; v < vectors; ++v) sums[r][v] = multiply_add(sums[r][v], input, weights[v]);
      }
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) store(sums[r][v], y + r * W + v * block);
  }
}

template <class E, class T>
void transform_inputs(const WinogradShape& s, const Tiles& tiles, const E* x, std::int64_t first,
                      std::int64_t count, const ConvolutionRoom<T>& room, const WinogradFusion& fusion,
                      T* to) {  // [in / block, tiles, 36, block]
  for (std::int64_t c = 0; c < s.in / block; ++c) {
    TilePlace at = tiles.at(first);
    for (std::int64_t t = 0; t < count; ++t, tiles.advance(at)) {
      const E* plane = x + (at.image * (s.in / block) + c) * s.size * s.size * block;
      E copy[points * block];
      const Square<E> square =
          square_of<tile>(plane, s.size, at.y - 1, at.x - 1, fusion.normalization.at(c * block), copy);
      T* place = to + c * room.input_step + t * tile_numbers;
      transform_squares<InputTransform, 1>(
          &square, [&](int point, const Vector* v)
                       __attribute__((always_inline)) { store(*v, place + point * block); });
    }
  }
}

/// Output channels [channel, channel + W) of the tiles.
template <int W, class E, class T>
void transform_outputs(const WinogradShape& s, const Tiles& tiles,
                       const float* products,  // [36, tiles, W]
                       std::int64_t first, std::int64_t count, std::int64_t channel,
                       const ConvolutionRoom<T>& room, const WinogradFusion& fusion, E* y) {
  const Vector floor = constant(fusion.relu ? 0.f : -INFINITY);
  const std::int64_t side = fusion.pool ? s.size / 2 : s.size;
  TilePlace at = tiles.at(first);
  for (std::int64_t t = 0; t < count; ++t, tiles.advance(at)) {
    const int height = static_cast<int>(std::min<std::int64_t>(step, s.size - at.y));
    const int width = static_cast<int>(std::min<std::int64_t>(step, s.size - at.x));
    for (int v = 0; v < W / block; ++v) {
      const float* product = products + t * W + v * block;
      Vector half[step * tile];
      for (int c = 0; c < tile; ++c) {
        Vector column[tile], result[step];
        for (int r = 0; r < tile; ++r) column[r] = load(product + (r * tile + c) * room.product_step);
        OutputTransform::apply(column, result);
        for (int r = 0; r < step; ++r) half[r * tile + c] = result[r];
      }
      const std::int64_t c = channel + v * block;
      const Vector offset = fusion.bias == nullptr ? constant(0) : load(fusion.bias + c);
      const auto finish = [&](int r, Vector* outputs) __attribute__((always_inline)) {
        OutputTransform::apply(half + r * tile, outputs);
        for (int k = 0; k < step; ++k) outputs[k] = larger(floor, outputs[k] + offset);
      };
      E* plane = y + (at.image * (s.out / block) + c / block) * side * side * block;
      const auto place = [&](std::int64_t r, std::int64_t k) __attribute__((always_inline)) {
        return plane + (r * side + k) * block;
      };
      for (int r = 0; r < height; ++r) {
        Vector outputs[step];
        finish(r, outputs);
        if (!fusion.pool) {
          for (int k = 0; k < step; ++k) {
            if (k < width) store(outputs[k], place(at.y + r, at.x + k));
          }
          continue;
        }
        Vector below[step];
        finish(++r, below);
        for (int k = 0; k < step; k += 2) {
          const Vector upper = larger(outputs[k], outputs[k + 1]);
          const Vector lower = larger(below[k], below[k + 1]);
          if (k < width) store(larger(upper, lower), place((at.y + r) / 2, (at.x + k) / 2));
        }
      }
    }
  }
}

template <int W, class E>
void convolve_by(const Team& team, const WinogradShape& s, const E* x,
                 const Transformed<E>* weights,  // [out / W, 36, in / pair, W, pair]
                 const WinogradFusion& fusion, E* y, std::uint8_t* scratch) {
  using T = Transformed<E>;
  const Tiles tiles(s);
  const ConvolutionJobs jobs(s, sizeof(T), team.size);
  const ConvolutionRoom<T> room(s, jobs.tiles);
  team.each_in_turn(jobs.rounds * jobs.splits, [&](std::int64_t job, int thread) {
    std::uint8_t* mine = scratch + static_cast<std::size_t>(thread) * room.bytes;
    T* inputs = reinterpret_cast<T*>(mine);
    float* products = reinterpret_cast<float*>(mine + room.input_bytes);
    const std::int64_t first = job / jobs.splits * jobs.tiles;
    const std::int64_t count = std::min<std::int64_t>(jobs.tiles, tiles.count - first);
    transform_inputs(s, tiles, x, first, count, room, fusion, inputs);
    const std::int64_t channels = s.out / jobs.splits;
    const std::int64_t begin = job % jobs.splits * channels;
    for (std::int64_t channel = begin; channel < begin + channels; channel += W) {
      for (int p = 0; p < points; ++p) {
        const T* filters = weights + (channel / W * points + p) * W * s.in;
        const T* from = inputs + p * block;
        float* to = products + p * room.product_step;
        if (jobs.few) {
          for (std::int64_t t = 0; t < count; t += few_tiles)
            multiply<few_tiles, W>(from + t * tile_numbers, s.in, room.input_step, filters, to + t * W);
        } else {
          for (std::int64_t t = 0; t < count; t += many_tiles)
            multiply<many_tiles, W>(from + t * tile_numbers, s.in, room.input_step, filters, to + t * W);
        }
      }
      transform_outputs<W>(s, tiles, products, first, count, channel, room, fusion, y);
    }
  });
}

template <class E>
void convolve(const Team& team, const WinogradShape& s, const void* x, const void* weights,
              const WinogradFusion& fusion, void* y, void* scratch) {
  const auto run = width_of(s.out) == block ? convolve_by<block, E> : convolve_by<2 * block, E>;
  run(team, s, static_cast<const E*>(x), static_cast<const Transformed<E>*>(weights), fusion,
      static_cast<E*>(y), static_cast<std::uint8_t*>(scratch));
}

template <class E>
std::size_t convolve_scratch_bytes(const WinogradShape& s, const Team& team) {
  using T = Transformed<E>;
  const ConvolutionJobs jobs(s, sizeof(T), team.size);
  return static_cast<std::size_t>(team.size) * ConvolutionRoom<T>(s, jobs.tiles).bytes;
}

/// Two input channels of the transformed weights: bf16 lie in pairs.
BART_INLINE void store_inputs(const Vector* u, float* first, float* second) {
  store(u[0], first);
  store(u[1], second);
}

template <class T>
BART_INLINE void store_inputs(const Vector* u, T* first, T*) {
  store(lanes_of(u, first), reinterpret_cast<float*>(first));
}

/// Weights as convolve() takes them; turned, input and output channels of the filter change places.
template <class E>
void transform_weights(const Team& team, const WinogradShape& s, bool turned, const float* weights,
                       void* to) {
  using T = Transformed<E>;
  const std::int64_t width = width_of(s.out);
  T* transformed = static_cast<T*>(to);
  const std::int64_t filter_in = turned ? s.out : s.in;
  const std::int64_t filter_out = turned ? s.in : s.out;
  team.each_in_turn(filter_out / block * (filter_in / block), [&](std::int64_t job) {
    const std::int64_t o = job / (filter_in / block) * block;
    const std::int64_t i = job % (filter_in / block) * block;
    const float* filters = weights + job * 9 * block * block;  // [3, 3, block i, block o]
    for (int k = 0; k < block; k += 2) {
      Vector u[2][points];
      for (int half = 0; half < 2; ++half) {
        Vector filter[9];
        for (int f = 0; f < 9; ++f) {
          filter[f] = turned ? load_strided(filters + (8 - f) * block * block + k + half, block)
                             : load(filters + (f * block + k + half) * block);
        }
        transform<WeightTransform>(filter, u[half]);
      }
      // Where the vector of outputs of an input lies.
      const std::int64_t input = (turned ? o : i) + k;
      const std::int64_t output = turned ? i : o;
      T* place =
          transformed + output / width * points * width * s.in + input * width + output % width * pair<T>;
      for (int p = 0; p < points; ++p, place += width * s.in) {
        const Vector two[] = {u[0][p], u[1][p]};
        store_inputs(two, place, place + width);
      }
    }
  });
}

}  // namespace
}  // namespace bart::winograd
