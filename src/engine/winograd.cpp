#include "winograd.h"

#include <omp.h>

#include "winograd_avx512.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")

namespace bart {
namespace winograd {
namespace {

/// Tiles that are multiplied at once: 12 by two vectors of channels fill the registers.
constexpr int rows = 12;

/// Tiles of one round: their transformed inputs fit into the second-level cache.
int round_tiles(std::int64_t in, std::size_t number_bytes) {
  const std::int64_t fit =
      (std::int64_t{400} << 10) / (points * in * static_cast<std::int64_t>(number_bytes));
  return static_cast<int>(std::clamp<std::int64_t>(fit / rows * rows, rows, 4 * rows));
}

/// One thread's scratch memory.
template <class E>
struct Room {
  std::int64_t input_step, product_step;  // numbers from one point to the next
  std::size_t input_bytes, bytes;

  Room(const WinogradShape& s, int tiles)
      : input_step(apart<E>(tiles * s.in)),
        product_step(apart<float>(tiles * width_of(s.out))),
        input_bytes(points * static_cast<std::size_t>(input_step) * sizeof(E)),
        bytes(input_bytes + points * static_cast<std::size_t>(product_step) * sizeof(float)) {}
};

/// The product of `rows` tiles with the weights of W output channels, at one point.
template <int W, class E>
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
                      std::int64_t count, const Room<E>& room,
                      E* to) {  // [36, tiles, in]
  for (std::int64_t t = 0; t < count; ++t) {
    const std::int64_t image = tiles.image(first + t);
    for (std::int64_t c = 0; c < s.in / block; ++c) {
      const E* plane = x + (image * (s.in / block) + c) * s.size * s.size * block;
      E border[points * block];
      const Square<E> square =
          square_of<tile>(plane, s.size, tiles.y(first + t) - 1, tiles.x(first + t) - 1, border);
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
                       const float* bias, bool relu, E* y) {
  const Vector floor = constant(relu ? 0.f : -INFINITY);
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
      const Vector offset = bias == nullptr ? _mm512_setzero_ps() : load(bias + c);
      E* plane = y + (tiles.image(first + t) * (s.out / block) + c / block) * s.size * s.size * block;
      for (int r = 0; r < height; ++r) {
        Vector outputs[step];
        OutputTransform::apply(half + r * tile, outputs);
        E* to = plane + ((row + r) * s.size + column_of_tile) * block;
        for (int k = 0; k < step; ++k) {
          // The maximum's second operand is what NaN gives.
          if (k < width) store(_mm512_max_ps(floor, _mm512_add_ps(outputs[k], offset)), to + k * block);
        }
      }
    }
  }
}

template <int W, class E>
void convolve(const WinogradShape& s, const E* x, const E* weights, const float* bias, bool relu, E* y,
              std::uint8_t* scratch) {
  const Tiles tiles(s);
  const int at_once = round_tiles(s.in, sizeof(E));
  const Room<E> room(s, at_once);
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t first = 0; first < tiles.count; first += at_once) {
    std::uint8_t* mine = scratch + static_cast<std::size_t>(omp_get_thread_num()) * room.bytes;
    E* inputs = reinterpret_cast<E*>(mine);
    float* products = reinterpret_cast<float*>(mine + room.input_bytes);
    const std::int64_t count = std::min<std::int64_t>(at_once, tiles.count - first);
    transform_inputs(s, tiles, x, first, count, room, inputs);
    for (std::int64_t channel = 0; channel < s.out; channel += W) {
      for (int p = 0; p < points; ++p) {
        for (std::int64_t t = 0; t < count; t += rows) {
          multiply<W>(inputs + p * room.input_step + t * s.in, s.in, weights + (p * s.out + channel) * s.in,
                      products + p * room.product_step + t * W);
        }
      }
      transform_outputs<W>(s, tiles, products, first, count, channel, room, bias, relu, y);
    }
  }
}

template <class E>
void convolve(const WinogradShape& s, const void* x, const void* weights, const float* bias, bool relu,
              void* y, void* scratch) {
  const auto run = s.out % (2 * block) == 0 ? convolve<2 * block, E> : convolve<block, E>;
  run(s, static_cast<const E*>(x), static_cast<const E*>(weights), bias, relu, static_cast<E*>(y),
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

/// Channels of the transformed weights [36, out / W, in / pair, W, pair]; turned, those of the filter change
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
        return transformed + (p * out + output / width * width) * in + input / pair<E> * width * pair<E> +
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
  const int tiles = winograd::round_tiles(s.in, bytes_of(precision));
  return static_cast<std::size_t>(threads) * (precision == Precision::bf16
                                                  ? winograd::Room<Bf16>(s, tiles).bytes
                                                  : winograd::Room<float>(s, tiles).bytes);
}

void winograd_convolve(const WinogradShape& s, Precision precision, const void* x, const void* transformed,
                       const float* bias, bool relu, void* y, void* scratch) {
  const auto run = precision == Precision::bf16 ? winograd::convolve<Bf16> : winograd::convolve<float>;
  run(s, x, transformed, bias, relu, y, scratch);
}

}  // namespace bart
