#include <omp.h>

#include "winograd.h"
#include "winograd_avx512.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")

namespace bart {
namespace winograd {
namespace {

// dw = G^T (sum over tiles of (B^T x B) . (A dy A^T)) G: at each of the 36 points a product of two matrices,
// [in, tiles] by [tiles, out].

/// Input channels that are multiplied at once: 8 by two vectors of output channels.
constexpr int rows = 8;

/// The work, cut into parts of the tiles and splits of the output channels. Each job has sums of its own,
/// which are added up in the end.
struct Jobs {
  std::int64_t parts, splits;
  std::int64_t per_part;  // tiles, a multiple of 2
  std::int64_t chunk;     // tiles that are transformed at once, a multiple of 2
  std::int64_t out;       // output channels of a job

  Jobs(const WinogradShape& s, std::size_t number_bytes) {
    const std::int64_t tiles = Tiles(s).count;
    const std::int64_t weights = s.in * s.out;
    parts = weights <= 64 * 64 ? 16 : weights <= 128 * 128 ? 8 : 2;
    parts = std::min(parts, (tiles + 63) / 64);
    per_part = (tiles + 2 * parts - 1) / (2 * parts) * 2;
    parts = (tiles + per_part - 1) / per_part;
    splits = weights > 128 * 128 && s.out % 128 == 0 ? 4 : 1;
    out = s.out / splits;
    const std::int64_t fit = (512 << 10) / (points * (s.in + out) * static_cast<std::int64_t>(number_bytes));
    chunk = std::clamp<std::int64_t>(fit / 2 * 2, 128, 256);
  }
  std::int64_t count() const { return parts * splits; }
};

/// Memory of a job's sums, [in, out / 16, 36, 16], and of one thread's transformed tiles.
template <class E>
struct Room {
  std::int64_t input_step, output_step;  // numbers from one point to the next
  std::size_t input_bytes, thread_bytes, job_bytes;

  Room(const WinogradShape& s, const Jobs& jobs)
      : input_step(apart<E>(jobs.chunk * s.in)),
        output_step(apart<E>(jobs.chunk * jobs.out)),
        input_bytes(points * static_cast<std::size_t>(input_step) * sizeof(E)),
        thread_bytes(input_bytes + points * static_cast<std::size_t>(output_step) * sizeof(E)),
        job_bytes(points * static_cast<std::size_t>(s.in * jobs.out) * sizeof(float)) {}
};

/// y (+)= x^t z over `groups` tiles, or pairs of tiles.
template <int W, class E>
BART_INLINE void multiply(const E* x,  // [groups, rows, pair]
                          const E* z,  // [groups, W, pair]
                          std::int64_t groups, bool begin,
                          float* y,  // [rows, W / 16, 36, 16] from one point on
                          std::int64_t row_step) {
  constexpr int vectors = W / block;
  Vector sums[rows][vectors];
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) {
      sums[r][v] = begin ? _mm512_setzero_ps() : load(y + r * row_step + v * points * block);
    }
  }
  const float* lanes = reinterpret_cast<const float*>(z);
  for (std::int64_t g = 0; g < groups; ++g, x += rows * pair<E>, lanes += W) {
    Vector right[vectors];
    for (int v = 0; v < vectors; ++v) right[v] = load(lanes + v * block);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
      for (int v = 0; v < vectors; ++v) sums[r][v] = multiply_add(sums[r][v], x + r * pair<E>, right[v]);
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) store(sums[r][v], y + r * row_step + v * points * block);
  }
}

/// A lane for each of 16 channels: one tile's number, or a pair of two tiles'.
template <class E>
BART_INLINE __m512i lanes_of(const Vector* tiles) {
  if constexpr (pair<E> == 1) {
    return _mm512_castps_si512(tiles[0]);
  } else {
    return pairs(tiles[0], tiles[1]);
  }
}

/// 16 channels of one group's squares, transformed; tiles from `end` on are zero.
template <class Transform, int side, class E, class Sink>
BART_INLINE void transform_group(const WinogradShape& s, const Tiles& tiles, std::int64_t first,
                                 std::int64_t end, const E* x, const WinogradNormalization& normalization,
                                 std::int64_t channels, std::int64_t channel, const Sink& sink) {
  constexpr int overlap = side == tile ? 1 : 0;
  E borders[pair<E>][points * block];
  Square<E> squares[pair<E>];
  for (int i = 0; i < pair<E>; ++i) {
    const std::int64_t t = std::min(first + i, end - 1);
    const E* plane = x + (tiles.image(t) * channels + channel) / block * s.size * s.size * block;
    squares[i] = square_of<side>(plane, s.size, tiles.y(t) - overlap, tiles.x(t) - overlap,
                                 normalization.at(channel), borders[i]);
    if (first + i >= end) {
      std::memset(borders[i], 0, sizeof borders[i]);
      squares[i] = {borders[i], side * block};
    }
  }
  transform_squares<Transform, pair<E>>(squares, sink);
}

template <int W, class E>
void transform_chunk(const WinogradShape& s, const Tiles& tiles, const Jobs& jobs, const Room<E>& room,
                     std::int64_t first, std::int64_t end, std::int64_t groups, std::int64_t channel,
                     const E* x, const WinogradNormalization& normalization, const E* dy,
                     E* inputs,     // [36, in / 8, chunk / pair, 8, pair]
                     E* outputs) {  // [36, out / W, chunk / pair, W, pair]
  const std::int64_t room_groups = jobs.chunk / pair<E>;
  for (std::int64_t g = 0; g < groups; ++g) {
    for (std::int64_t c = 0; c < s.in; c += block) {
      E* place = inputs + (c / rows * room_groups + g) * rows * pair<E>;
      const auto sink = [&](int point, const Vector* v) __attribute__((always_inline)) {
        const __m512i lanes = lanes_of<E>(v);
        E* to = place + point * room.input_step;
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_castsi512_si256(lanes));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + room_groups * rows * pair<E>),
                            _mm512_extracti64x4_epi64(lanes, 1));
      };
      transform_group<InputTransform, tile>(s, tiles, first + g * pair<E>, end, x, normalization, s.in, c,
                                            sink);
    }
    for (std::int64_t c = 0; c < jobs.out; c += block) {
      E* place = outputs + ((c / W * room_groups + g) * W + c % W) * pair<E>;
      const auto sink = [&](int point, const Vector* v) __attribute__((always_inline)) {
        _mm512_storeu_si512(place + point * room.output_step, lanes_of<E>(v));
      };
      transform_group<OutputGradientTransform, step>(s, tiles, first + g * pair<E>, end, dy, {}, s.out,
                                                     channel + c, sink);
    }
  }
}

template <int W, class E>
void weight_gradient(const WinogradShape& s, const E* x, const WinogradNormalization& normalization,
                     const E* dy, float* dweights, std::uint8_t* scratch) {
  const Tiles tiles(s);
  const Jobs jobs(s, sizeof(E));
  const Room<E> room(s, jobs);
  const std::int64_t room_groups = jobs.chunk / pair<E>;
  const std::int64_t row_step = jobs.out * points;
  const auto sums_of = [&](std::int64_t job) {
    return reinterpret_cast<float*>(scratch + static_cast<std::size_t>(job) * room.job_bytes);
  };
  std::uint8_t* thread_rooms = scratch + static_cast<std::size_t>(jobs.count()) * room.job_bytes;
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t job = 0; job < jobs.count(); ++job) {
    std::uint8_t* mine = thread_rooms + static_cast<std::size_t>(omp_get_thread_num()) * room.thread_bytes;
    E* inputs = reinterpret_cast<E*>(mine);
    E* outputs = reinterpret_cast<E*>(mine + room.input_bytes);
    const std::int64_t channel = job % jobs.splits * jobs.out;
    const std::int64_t begin = job / jobs.splits * jobs.per_part;
    const std::int64_t end = std::min(tiles.count, begin + jobs.per_part);
    for (std::int64_t first = begin; first < end; first += jobs.chunk) {
      const std::int64_t groups = (std::min(jobs.chunk, end - first) + pair<E> - 1) / pair<E>;
      transform_chunk<W>(s, tiles, jobs, room, first, end, groups, channel, x, normalization, dy, inputs,
                         outputs);
      for (int p = 0; p < points; ++p) {
        for (std::int64_t o = 0; o < jobs.out; o += W) {
          for (std::int64_t i = 0; i < s.in; i += rows) {
            multiply<W>(inputs + p * room.input_step + i * room_groups * pair<E>,
                        outputs + p * room.output_step + o * room_groups * pair<E>, groups, first == begin,
                        sums_of(job) + i * row_step + (o / block * points + p) * block, row_step);
          }
        }
      }
    }
  }
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t row = 0; row < s.out / block * s.in; ++row) {
    const std::int64_t o = row / s.in * block;
    const std::int64_t i = row % s.in;
    const std::int64_t place = i * row_step + o % jobs.out * points;
    Vector du[points], dw[9];
    for (int p = 0; p < points; ++p) du[p] = load(sums_of(o / jobs.out) + place + p * block);
    for (std::int64_t part = 1; part < jobs.parts; ++part) {
      const float* more = sums_of(part * jobs.splits + o / jobs.out) + place;
      for (int p = 0; p < points; ++p) du[p] = _mm512_add_ps(du[p], load(more + p * block));
    }
    transform<WeightGradientTransform>(du, dw);
    float* to = dweights + ((o / block * (s.in / block) + i / block) * 9 * block + i % block) * block;
    for (int f = 0; f < 9; ++f) store(dw[f], to + f * block * block);
  }
}

template <class E>
std::size_t scratch_bytes(const WinogradShape& s, int threads) {
  const Jobs jobs(s, sizeof(E));
  const Room<E> room(s, jobs);
  return static_cast<std::size_t>(jobs.count()) * room.job_bytes +
         static_cast<std::size_t>(threads) * room.thread_bytes;
}

template <class E>
void weight_gradient(const WinogradShape& s, const void* x, const WinogradNormalization& normalization,
                     const void* dy, float* dweights, void* scratch) {
  const bool wide = Jobs(s, sizeof(E)).out % (2 * block) == 0;
  const auto run = wide ? weight_gradient<2 * block, E> : weight_gradient<block, E>;
  run(s, static_cast<const E*>(x), normalization, static_cast<const E*>(dy), dweights,
      static_cast<std::uint8_t*>(scratch));
}

}  // namespace
}  // namespace winograd

#pragma GCC pop_options

std::size_t winograd_gradient_scratch_bytes(const WinogradShape& s, Precision precision, int threads) {
  return precision == Precision::bf16 ? winograd::scratch_bytes<Bf16>(s, threads)
                                      : winograd::scratch_bytes<float>(s, threads);
}

void winograd_weight_gradient(const WinogradShape& s, Precision precision, const void* x,
                              const WinogradNormalization& normalization, const void* dy, float* dweights,
                              void* scratch) {
  const auto run =
      precision == Precision::bf16 ? winograd::weight_gradient<Bf16> : winograd::weight_gradient<float>;
  run(s, x, normalization, dy, dweights, scratch);
}

}  // namespace bart
