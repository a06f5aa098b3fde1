#pragma once

// The weights' gradient by Winograd's algorithm,
//   dw = G^T (sum over tiles of (B^T x B) . (A dy A^T)) G:
// at each of the 36 points a product of two matrices, [in, tiles] by [tiles, out]. To be included behind
// winograd_transforms.h.

#include <omp.h>

#include <cstring>

namespace bart::winograd {
namespace {

/// The work, cut into parts of the tiles and splits of the output channels. Each job has sums of its own,
/// which are added up in the end.
struct GradientJobs {
  std::int64_t parts, splits;
  std::int64_t per_part;  // tiles, a multiple of 2
  std::int64_t chunk;     // tiles that are transformed at once, a multiple of 2
  std::int64_t out;       // output channels of a job

  GradientJobs(const WinogradShape& s, std::size_t number_bytes) {
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

/// Memory of a job's sums, [in, out / block, 36, block], and of one thread's transformed tiles.
template <class T>
struct GradientRoom {
  std::int64_t input_step, output_step;  // numbers from one point to the next
  std::size_t input_bytes, thread_bytes, job_bytes;

  GradientRoom(const WinogradShape& s, const GradientJobs& jobs)
      : input_step(apart<T>(jobs.chunk * s.in)),
        output_step(apart<T>(jobs.chunk * jobs.out)),
        input_bytes(points * static_cast<std::size_t>(input_step) * sizeof(T)),
        thread_bytes(input_bytes + points * static_cast<std::size_t>(output_step) * sizeof(T)),
        job_bytes(points * static_cast<std::size_t>(s.in * jobs.out) * sizeof(float)) {}
};

/// y (+)= x^t z over `groups` tiles, or pairs of tiles.
template <int W, class T>
BART_INLINE void multiply_tiles(const T* x,  // [groups, gradient_rows, pair]
                                const T* z,  // [groups, W, pair]
                                std::int64_t groups, bool begin,
                                float* y,  // [gradient_rows, W / block, 36, block] from one point on
                                std::int64_t row_step) {
  constexpr int vectors = W / block;
  Vector sums[gradient_rows][vectors];
  for (int r = 0; r < gradient_rows; ++r) {
    for (int v = 0; v < vectors; ++v) {
      sums[r][v] = begin ? constant(0) : load(y + r * row_step + v * points * block);
    }
  }
  const float* lanes = reinterpret_cast<const float*>(z);
  for (std::int64_t g = 0; g < groups; ++g, x += gradient_rows * pair<T>, lanes += W) {
    Vector right[vectors];
    for (int v = 0; v < vectors; ++v) right[v] = load(lanes + v * block);
#pragma GCC unroll 8
    for (int r = 0; r < gradient_rows; ++r) {
      for (int v = 0; v < vectors; ++v) sums[r][v] = multiply_add(sums[r][v], x + r * pair<T>, right[v]);
    }
  }
  for (int r = 0; r < gradient_rows; ++r) {
    for (int v = 0; v < vectors; ++v) store(sums[r][v], y + r * row_step + v * points * block);
  }
}

/// A vector of channels of one group's squares, transformed; tiles from `end` on are zero. `sink(point,
/// lanes)` gets a lane for each channel: one tile's number, or a pair of two tiles'.
template <class Transform, int side, class T, class E, class Sink>
BART_INLINE void transform_group(const WinogradShape& s, const Tiles& tiles, std::int64_t first,
                                 std::int64_t end, const E* x, const WinogradNormalization& normalization,
                                 std::int64_t channels, std::int64_t channel, const Sink& sink) {
  constexpr int overlap = side == tile ? 1 : 0;
  E borders[pair<T>][points * block];
  Square<E> squares[pair<T>];
  for (int i = 0; i < pair<T>; ++i) {
    const std::int64_t t = std::min(first + i, end - 1);
    const E* plane = x + (tiles.image(t) * channels + channel) / block * s.size * s.size * block;
    squares[i] = square_of<side>(plane, s.size, tiles.y(t) - overlap, tiles.x(t) - overlap,
                                 normalization.at(channel), borders[i]);
    if (first + i >= end) {
      std::memset(borders[i], 0, sizeof borders[i]);
      squares[i] = {borders[i], side * block};
    }
  }
  transform_squares<Transform, pair<T>>(
      squares, [&](int point, const Vector* group) __attribute__((always_inline)) {
        sink(point, lanes_of(group, static_cast<const T*>(nullptr)));
      });
}

template <int W, class E, class T>
void transform_chunk(const WinogradShape& s, const Tiles& tiles, const GradientJobs& jobs,
                     const GradientRoom<T>& room, std::int64_t first, std::int64_t end, std::int64_t groups,
                     std::int64_t channel, const E* x, const WinogradNormalization& normalization,
                     const E* dy,
                     T* inputs,     // [36, in / gradient_rows, chunk / pair, gradient_rows, pair]
                     T* outputs) {  // [36, out / W, chunk / pair, W, pair]
  const std::int64_t room_groups = jobs.chunk / pair<T>;
  for (std::int64_t g = 0; g < groups; ++g) {
    const std::int64_t t = first + g * pair<T>;
    for (std::int64_t c = 0; c < s.in; c += block) {
      T* place = inputs + (c / gradient_rows * room_groups + g) * gradient_rows * pair<T>;
      const auto sink = [&](int point, Vector lanes) __attribute__((always_inline)) {
        T* to = place + point * room.input_step;
        store_halves(lanes, to, to + room_groups * gradient_rows * pair<T>);
      };
      transform_group<InputTransform, tile, T>(s, tiles, t, end, x, normalization, s.in, c, sink);
    }
    for (std::int64_t c = 0; c < jobs.out; c += block) {
      T* place = outputs + ((c / W * room_groups + g) * W + c % W) * pair<T>;
      const auto sink = [&](int point, Vector lanes) __attribute__((always_inline)) {
        store(lanes, reinterpret_cast<float*>(place + point * room.output_step));
      };
      transform_group<OutputGradientTransform, step, T>(s, tiles, t, end, dy, {}, s.out, channel + c, sink);
    }
  }
}

template <int W, class E>
void weight_gradient_by(const WinogradShape& s, const E* x, const WinogradNormalization& normalization,
                        const E* dy, float* dweights, std::uint8_t* scratch) {
  using T = Transformed<E>;
  static_assert(block == 2 * gradient_rows);  // store_halves
  const Tiles tiles(s);
  const GradientJobs jobs(s, sizeof(T));
  const GradientRoom<T> room(s, jobs);
  const std::int64_t room_groups = jobs.chunk / pair<T>;
  const std::int64_t row_step = jobs.out * points;
  const auto sums_of = [&](std::int64_t job) {
    return reinterpret_cast<float*>(scratch + static_cast<std::size_t>(job) * room.job_bytes);
  };
  std::uint8_t* thread_rooms = scratch + static_cast<std::size_t>(jobs.count()) * room.job_bytes;
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t job = 0; job < jobs.count(); ++job) {
    std::uint8_t* mine = thread_rooms + static_cast<std::size_t>(omp_get_thread_num()) * room.thread_bytes;
    T* inputs = reinterpret_cast<T*>(mine);
    T* outputs = reinterpret_cast<T*>(mine + room.input_bytes);
    const std::int64_t channel = job % jobs.splits * jobs.out;
    const std::int64_t begin = job / jobs.splits * jobs.per_part;
    const std::int64_t end = std::min(tiles.count, begin + jobs.per_part);
    for (std::int64_t first = begin; first < end; first += jobs.chunk) {
      const std::int64_t groups = (std::min(jobs.chunk, end - first) + pair<T> - 1) / pair<T>;
      transform_chunk<W>(s, tiles, jobs, room, first, end, groups, channel, x, normalization, dy, inputs,
                         outputs);
      for (int p = 0; p < points; ++p) {
        for (std::int64_t o = 0; o < jobs.out; o += W) {
          for (std::int64_t i = 0; i < s.in; i += gradient_rows) {
            multiply_tiles<W>(inputs + p * room.input_step + i * room_groups * pair<T>,
                              outputs + p * room.output_step + o * room_groups * pair<T>, groups,
                              first == begin, sums_of(job) + i * row_step + (o / block * points + p) * block,
                              row_step);
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
      for (int p = 0; p < points; ++p) du[p] = du[p] + load(more + p * block);
    }
    transform<WeightGradientTransform>(du, dw);
    float* to = dweights + ((o / block * (s.in / block) + i / block) * 9 * block + i % block) * block;
    for (int f = 0; f < 9; ++f) store(dw[f], to + f * block * block);
  }
}

template <class E>
void weight_gradient(const WinogradShape& s, const void* x, const WinogradNormalization& normalization,
                     const void* dy, float* dweights, void* scratch) {
  const GradientJobs jobs(s, sizeof(Transformed<E>));
  const auto run =
      width_of(jobs.out) == block ? weight_gradient_by<block, E> : weight_gradient_by<2 * block, E>;
  run(s, static_cast<const E*>(x), normalization, static_cast<const E*>(dy), dweights,
      static_cast<std::uint8_t*>(scratch));
}

template <class E>
std::size_t gradient_scratch_bytes(const WinogradShape& s, int threads) {
  using T = Transformed<E>;
  const GradientJobs jobs(s, sizeof(T));
  const GradientRoom<T> room(s, jobs);
  return static_cast<std::size_t>(jobs.count()) * room.job_bytes +
         static_cast<std::size_t>(threads) * room.thread_bytes;
}

}  // namespace
}  // namespace bart::winograd
