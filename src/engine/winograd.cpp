#include "winograd.h"

#include <omp.h>

#include "winograd_avx512.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")

namespace bart {
namespace winograd {
namespace {

/// How the work is cut into jobs: rounds of tiles, and where there are few of those splits of the output
/// channels, too. An output is the same sum however that is done.
struct Jobs {
  std::int64_t tiles;  // of a round
  std::int64_t rounds;
  std::int64_t splits;
  bool by_eight;  // tiles that are multiplied at once: 8, or 12, which by two vectors of channels fill the
                  // registers

  Jobs(const WinogradShape& s, std::size_t number_bytes, int threads) {
    // Transformed inputs that fit into the second-level cache.
    const std::int64_t fit =
        (std::int64_t{400} << 10) / (points * s.in * static_cast<std::int64_t>(number_bytes));
    const std::int64_t all = Tiles(s).count;
    const std::int64_t each = (all + threads - 1) / threads;
    tiles = std::min(std::clamp<std::int64_t>(fit / 12 * 12, 12, 48), each);
    splits = 1;
    if (each < 16) {
      tiles = std::min<std::int64_t>(all, 16);
      const std::int64_t widths = s.out / width_of(s.out);
      splits = std::min<std::int64_t>(threads, widths);
      while (widths % splits != 0) --splits;
    }
    by_eight = whole(tiles, 8) < whole(tiles, 12);
    tiles = whole(tiles, by_eight ? 8 : 12);
    rounds = (all + tiles - 1) / tiles;
  }
  static std::int64_t whole(std::int64_t count, std::int64_t group) {
    return (count + group - 1) / group * group;
  }
};

/// One thread's scratch memory.
template <class E>
struct Room {
  std::int64_t input_step, product_step;  // numbers from one point to the next
  std::size_t input_bytes, bytes;

  Room(const WinogradShape& s, std::int64_t tiles)
      : input_step(apart<E>(tiles * s.in)),
        product_step(apart<float>(tiles * width_of(s.out))),
        input_bytes(points * static_cast<std::size_t>(input_step) * sizeof(E)),
        bytes(input_bytes + points * static_cast<std::size_t>(product_step) * sizeof(float)) {}
};

/// The product of `rows` tiles with the weights of W output channels, at one point.
template <int rows, int W, class E>
BART_INLINE void multiply(const E* x,  // [rows, in]
                          std::int64_t in,
                          const E* w,  // [in / pair, W, pair]
                          float* y) {  // [rows, W]
  constexpr int vectors = W / block;
  Vector sums[rows][vectors];
  for (auto& row : sums) {
    for (Vector& sum : row) sum = _mm512_setzero_ps();
  }
  const float* lanes = reinterpret_cast<const float*>(w);
  for (std::int64_t i = 0; i < in; i += pair<E>, lanes += W) {
    Vector weights[vectors];
    for (int v = 0; v < vectors; ++v) weights[v] = load(lanes + v * block);
#pragma GCC unroll 12
    for (int r = 0; r < rows; ++r) {
      for (int v = 0; v < vectors; ++v) sums[r][v] = multiply_add(sums[r][v], x + r * in + i, weights[v]);
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) store(sums[r][v], y + r * W + v * block);
  }
}

template <class E>
void transform_inputs(const WinogradShape& s, const Tiles& tiles, const E* x, std::int64_t first,
                      std::int64_t count, const Room<E>& room, const WinogradFusion& fusion,
                      E* to) {  // [36, tiles, in]
  for (std::int64_t t = 0; t < count; ++t) {
    const std::int64_t image = tiles.image(first + t);
    for (std::int64_t c = 0; c < s.in / block; ++c) {
      const E* plane = x + (image * (s.in / block) + c) * s.size * s.size * block;
      E copy[points * block];
      const Square<E> square = square_of<tile>(plane, s.size, tiles.y(first + t) - 1, tiles.x(first + t) - 1,
                                               fusion.normalization.at(c * block), copy);
      E* place = to + t * s.in + c * block;
      transform_squares<InputTransform, 1>(
          &square, [&](int point, const Vector* v)
                       __attribute__((always_inline)) { store(*v, place + point * room.input_step); });
    }
  }
}

/// Output channels [channel, channel + W) of the tiles.
template <int W, class E>
void transform_outputs(const WinogradShape& s, const Tiles& tiles,
                       const float* products,  // [36, tiles, W]
                       std::int64_t first, std::int64_t count, std::int64_t channel, const Room<E>& room,
                       const WinogradFusion& fusion, E* y) {
  const Vector floor = constant(fusion.relu ? 0.f : -INFINITY);
  const std::int64_t side = fusion.pool ? s.size / 2 : s.size;
  for (std::int64_t t = 0; t < count; ++t) {
    const std::int64_t row = tiles.y(first + t);
    const std::int64_t column_of_tile = tiles.x(first + t);
    const int height = static_cast<int>(std::min<std::int64_t>(step, s.size - row));
    const int width = static_cast<int>(std::min<std::int64_t>(step, s.size - column_of_tile));
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
      const Vector offset = fusion.bias == nullptr ? _mm512_setzero_ps() : load(fusion.bias + c);
      const auto finish = [&](int r, Vector* outputs) __attribute__((always_inline)) {
        OutputTransform::apply(half + r * tile, outputs);
        // The maximum's second operand is what NaN gives.
        for (int k = 0; k < step; ++k) outputs[k] = _mm512_max_ps(floor, _mm512_add_ps(outputs[k], offset));
      };
      E* plane = y + (tiles.image(first + t) * (s.out / block) + c / block) * side * side * block;
      const auto place = [&](std::int64_t r, std::int64_t k) __attribute__((always_inline)) {
        return plane + (r * side + k) * block;
      };
      for (int r = 0; r < height; ++r) {
        Vector outputs[step];
        finish(r, outputs);
        if (!fusion.pool) {
          for (int k = 0; k < step; ++k) {
            if (k < width) store(outputs[k], place(row + r, column_of_tile + k));
          }
          continue;
        }
        Vector below[step];
        finish(++r, below);
        for (int k = 0; k < step; k += 2) {
          const Vector upper = _mm512_max_ps(outputs[k], outputs[k + 1]);
          const Vector lower = _mm512_max_ps(below[k], below[k + 1]);
          if (k < width) store(_mm512_max_ps(upper, lower), place((row + r) / 2, (column_of_tile + k) / 2));
        }
      }
    }
  }
}

template <int W, class E>
void convolve(const WinogradShape& s, const E* x, const E* weights, const WinogradFusion& fusion, E* y,
              std::uint8_t* scratch) {
  const Tiles tiles(s);
  const Jobs jobs(s, sizeof(E), omp_get_max_threads());
  const Room<E> room(s, jobs.tiles);
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t job = 0; job < jobs.rounds * jobs.splits; ++job) {
    std::uint8_t* mine = scratch + static_cast<std::size_t>(omp_get_thread_num()) * room.bytes;
    E* inputs = reinterpret_cast<E*>(mine);
    float* products = reinterpret_cast<float*>(mine + room.input_bytes);
    const std::int64_t first = job / jobs.splits * jobs.tiles;
    const std::int64_t count = std::min<std::int64_t>(jobs.tiles, tiles.count - first);
    transform_inputs(s, tiles, x, first, count, room, fusion, inputs);
    const std::int64_t channels = s.out / jobs.splits;
    const std::int64_t begin = job % jobs.splits * channels;
    for (std::int64_t channel = begin; channel < begin + channels; channel += W) {
      for (int p = 0; p < points; ++p) {
        const E* filters = weights + (channel / W * points + p) * W * s.in;
        const E* from = inputs + p * room.input_step;
        float* to = products + p * room.product_step;
        if (jobs.by_eight) {
          for (std::int64_t t = 0; t < count; t += 8)
            multiply<8, W>(from + t * s.in, s.in, filters, to + t * W);
        } else {
          for (std::int64_t t = 0; t < count; t += 12)
            multiply<12, W>(from + t * s.in, s.in, filters, to + t * W);
        }
      }
      transform_outputs<W>(s, tiles, products, first, count, channel, room, fusion, y);
    }
  }
}

template <class E>
void convolve(const WinogradShape& s, const void* x, const void* weights, const WinogradFusion& fusion,
              void* y, void* scratch) {
  const auto run = s.out % (2 * block) == 0 ? convolve<2 * block, E> : convolve<block, E>;
  run(s, static_cast<const E*>(x), static_cast<const E*>(weights), fusion, static_cast<E*>(y),
      static_cast<std::uint8_t*>(scratch));
}

/// 16 input channels of one output channel, for one point: a lane of pairs each.
BART_INLINE void scatter(Vector v, std::int64_t width, float* to) {
  alignas(64) float lanes[block];
  _mm512_store_ps(lanes, v);
  for (int k = 0; k < block; ++k) to[k * width] = lanes[k];
}

BART_INLINE void scatter(Vector v, std::int64_t width, Bf16* to) {
  alignas(32) std::uint32_t lanes[block / 2];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), rounded(v));
  for (int k = 0; k < block / 2; ++k) std::memcpy(to + 2 * k * width, &lanes[k], sizeof lanes[k]);
}

/// Channels of the transformed weights [out / W, 36, in / pair, W, pair]; turned, those of the filter change
/// places.
template <class E>
void transform_weights(std::int64_t in, std::int64_t out, bool turned, const float* weights, void* to) {
  const std::int64_t width = width_of(out);
  E* transformed = static_cast<E*>(to);
  const std::int64_t filter_in = turned ? out : in;
  const std::int64_t filter_out = turned ? in : out;
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t job = 0; job < filter_out / block * (filter_in / block); ++job) {
    const std::int64_t o = job / (filter_in / block) * block;
    const std::int64_t i = job % (filter_in / block) * block;
    for (int k = 0; k < block; k += 2) {
      Vector u[2][points];
      for (int half = 0; half < 2; ++half) {
        Vector filter[9];
        for (int f = 0; f < 9; ++f) {
          filter[f] = load(weights + ((job * 9 + (turned ? 8 - f : f)) * block + k + half) * block);
        }
        transform<WeightTransform>(filter, u[half]);
      }
      // Where channel (input, output) of the transformed weights lies.
      const auto place = [&](int p, std::int64_t input, std::int64_t output) __attribute__((always_inline)) {
        return transformed + (output / width * points + p) * width * in + input / pair<E> * width * pair<E> +
               output % width * pair<E>;
      };
      for (int p = 0; p < points; ++p) {
        if (turned) {
          for (int half = 0; half < 2; ++half) scatter(u[half][p], width, place(p, o, i + k + half));
        } else if constexpr (pair<E> == 1) {
          store(u[0][p], place(p, i + k, o));
          store(u[1][p], place(p, i + k + 1, o));
        } else {
          _mm512_storeu_si512(place(p, i + k, o), pairs(u[0][p], u[1][p]));
        }
      }
    }
  }
}

}  // namespace
}  // namespace winograd

#pragma GCC pop_options

bool has_winograd(Precision precision) {
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return wide && (precision == Precision::f32 || __builtin_cpu_supports("avx512bf16"));
}

std::size_t winograd_weights_bytes(const WinogradShape& s, Precision precision) {
  return winograd::points * static_cast<std::size_t>(s.in * s.out) * bytes_of(precision);
}

void winograd_weights(const WinogradShape& s, Precision precision, const float* weights, void* transformed) {
  const auto run =
      precision == Precision::bf16 ? winograd::transform_weights<Bf16> : winograd::transform_weights<float>;
  run(s.in, s.out, false, weights, transformed);
}

void winograd_turned_weights(const WinogradShape& s, Precision precision, const float* weights,
                             void* transformed) {
  const auto run =
      precision == Precision::bf16 ? winograd::transform_weights<Bf16> : winograd::transform_weights<float>;
  run(s.out, s.in, true, weights, transformed);
}

std::size_t winograd_scratch_bytes(const WinogradShape& s, Precision precision, int threads) {
  const std::int64_t tiles = winograd::Jobs(s, bytes_of(precision), threads).tiles;
  return static_cast<std::size_t>(threads) * (precision == Precision::bf16
                                                  ? winograd::Room<Bf16>(s, tiles).bytes
                                                  : winograd::Room<float>(s, tiles).bytes);
}

void winograd_convolve(const WinogradShape& s, Precision precision, const void* x, const void* transformed,
                       const WinogradFusion& fusion, void* y, void* scratch) {
  const auto run = precision == Precision::bf16 ? winograd::convolve<Bf16> : winograd::convolve<float>;
  run(s, x, transformed, fusion, y, scratch);
}

}  // namespace bart
