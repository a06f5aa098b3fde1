#pragma once

// The weights' gradient by Winograd's algorithm,
//   dw = G^T (sum over tiles of (B^T x B) . (A dy A^T)) G:
// at each of the 36 points a product of two matrices, [in, tiles] by [tiles, out].

#include <algorithm>
#include <cstring>

#include "team.h"
#include "winograd_transforms.h"

namespace bart::winograd {
namespace {

/// The work, cut into blocks of the channels and parts of the tiles. Sums of parts are added up in the end.
struct GradientJobs {
  std::int64_t in, out;   // channels of a job
  std::int64_t blocks;    // of the channels
  std::int64_t parts;     // of the tiles
  std::int64_t per_part;  // tiles, a multiple of 2
  std::int64_t chunk;     // tiles that are transformed at once, a multiple of 2

  // On a Zen 3, blocks of 64 by 64 channels and chunks of 64 tiles are best: in smaller ones the
  // multiplications are too short, larger ones leave the cache.
  GradientJobs(const WinogradShape& s, std::size_t number_bytes, int threads)
      : in(span_of(s.in)),
        out(span_of(s.out)),
        blocks(s.in / in * (s.out / out)),
        chunk(64 * static_cast<std::int64_t>(sizeof(float) / number_bytes)) {
    const std::int64_t tiles = Tiles(s).count;
    parts = std::clamp<std::int64_t>((tiles + 63) / 64, 1, (16 + blocks - 1) / blocks);
    if (s.n >= parts && tiles / s.n % 2 == 0) {  // whole pictures
      per_part = (s.n + parts - 1) / parts * (tiles / s.n);
    } else {
      per_part = (tiles + 2 * parts - 1) / (2 * parts) * 2;
    }
    parts = (tiles + per_part - 1) / per_part;
    // Smaller blocks transform tiles more often, but give more threads work. Each sum stays the same.
    while (count() < threads && (in > block || out > 2 * block)) {
      std::int64_t& span = out > 2 * block && out >= in ? out : in;
      if (span % (2 * block) != 0) break;
      span /= 2;
      blocks *= 2;
    }
  }
  static std::int64_t span_of(std::int64_t channels) {
    return channels % 64 == 0 ? 64 : channels % 32 == 0 ? 32 : width_of(channels);
  }
  std::int64_t count() const { return parts * blocks; }
  /// The pictures of a part, if a part is so many whole ones, and a job a part; else 0.
  std::int64_t pictures(const WinogradShape& s) const {
    const std::int64_t of_picture = Tiles(s).count / s.n;
    return blocks == 1 && of_picture % 2 == 0 && per_part % of_picture == 0 ? per_part / of_picture : 0;
  }
};

/// Memory of a job's sums, [36, in / gradient_rows, out / W, gradient_rows, W], and of one thread's
/// transformed tiles.
template <class T>
struct GradientRoom {
  std::int64_t sum_step, input_step, output_step;  // numbers from one point to the next
  std::size_t input_bytes, thread_bytes, job_bytes;

  explicit GradientRoom(const GradientJobs& jobs)
      : sum_step(apart<float>(jobs.in * jobs.out)),
        input_step(apart<T>(jobs.chunk * jobs.in)),
        output_step(apart<T>(jobs.chunk * jobs.out)),
        input_bytes(points * static_cast<std::size_t>(input_step) * sizeof(T)),
        thread_bytes(input_bytes + points * static_cast<std::size_t>(output_step) * sizeof(T)),
        job_bytes(points * static_cast<std::size_t>(sum_step) * sizeof(float)) {}
};

/// y (+)= x^t z over `groups` tiles, or pairs of tiles.
template <int W, class T>
BART_INLINE void multiply_tiles(const T* x,  // [groups, gradient_rows, pair]
                                const T* z,  // [groups, W, pair]
                                std::int64_t groups, bool begin,
                                float* y) {  // [gradient_rows, W]
  constexpr int vectors = W / block;
  Vector sums[gradient_rows][vectors];
  for (int r = 0; r < gradient_rows; ++r) {
    for (int v = 0; v < vectors; ++v) sums[r][v] = begin ? constant(0) : load(y + r * W + v * block);
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
    for (int v = 0; v < vectors; ++v) store(sums[r][v], y + r * W + v * block);
  }
}

/// A vector of channels of one group's squares, transformed: `count` of them, the others are zero.
/// `sink(point, lanes)` gets a lane for each channel: one tile's number, or a pair of two tiles'.
template <class Transform, int side, class T, class E, class Sink>
BART_INLINE void transform_group(const WinogradShape& s, const Tiles& tiles, TilePlace at, std::int64_t count,
                                 const E* x, const SourceNormalization& normalization, std::int64_t channels,
                                 std::int64_t channel, const Sink& sink) {
  constexpr int overlap = side == tile ? 1 : 0;
  E copies[pair<T>][points * block];
  Square<E> squares[pair<T>];
  for (int i = 0; i < pair<T>; ++i) {
    if (i < count) {
      const E* plane = x + (at.image * channels + channel) / block * s.size * s.size * block;
      squares[i] = square_of<side>(plane, s.size, at.y - overlap, at.x - overlap, normalization.at(channel),
                                   copies[i]);
      tiles.advance(at);
    } else {
      std::memset(copies[i], 0, sizeof copies[i]);
      squares[i] = {copies[i], side * block};
    }
  }
  transform_squares<Transform, pair<T>>(
      squares, [&](int point, const Vector* group) __attribute__((always_inline)) {
        sink(point, lanes_of(group, static_cast<const T*>(nullptr)));
      });
}

/// Tiles [first, end) of a job's channels, which begin at `in` and `out`.
template <int W, class E, class T>
void transform_chunk(const WinogradShape& s, const Tiles& tiles, const GradientJobs& jobs,
                     const GradientRoom<T>& room, std::int64_t first, std::int64_t end, std::int64_t in,
                     std::int64_t out, const E* x, const SourceNormalization& normalization, const E* dy,
                     T* inputs,     // [36, in / gradient_rows, chunk / pair, gradient_rows, pair]
                     T* outputs) {  // [36, out / W, chunk / pair, W, pair]
  const std::int64_t room_groups = jobs.chunk / pair<T>;
  // Channels are the outer loop: the processor can fetch the rows of one plane of pixels ahead.
  for (std::int64_t c = 0; c < jobs.in; c += block) {
    TilePlace at = tiles.at(first);
    for (std::int64_t t = first, g = 0; t < end; t += pair<T>, ++g) {
      T* place = inputs + (c / gradient_rows * room_groups + g) * gradient_rows * pair<T>;
      const auto sink = [&](int point, Vector lanes) __attribute__((always_inline)) {
        T* to = place + point * room.input_step;
        store_halves(lanes, to, to + room_groups * gradient_rows * pair<T>);
      };
      transform_group<InputTransform, tile, T>(s, tiles, at, end - t, x, normalization, s.in, in + c, sink);
      for (int i = 0; i < pair<T>; ++i) tiles.advance(at);
    }
  }
  for (std::int64_t c = 0; c < jobs.out; c += block) {
    TilePlace at = tiles.at(first);
    for (std::int64_t t = first, g = 0; t < end; t += pair<T>, ++g) {
      T* place = outputs + ((c / W * room_groups + g) * W + c % W) * pair<T>;
      const auto sink = [&](int point, Vector lanes) __attribute__((always_inline)) {
        store(lanes, reinterpret_cast<float*>(place + point * room.output_step));
      };
      transform_group<OutputGradientTransform, step, T>(s, tiles, at, end - t, dy, {}, s.out, out + c, sink);
      for (int i = 0; i < pair<T>; ++i) tiles.advance(at);
    }
  }
}

/// The scratch memory of a weights' gradient: the sums of each job, then each thread's transformed tiles.
template <class T>
struct GradientScratch {
  GradientJobs jobs;
  GradientRoom<T> room;
  std::uint8_t* memory;

  GradientScratch(const WinogradShape& s, const Team& team, void* scratch)
      : jobs(s, sizeof(T), team.size), room(jobs), memory(static_cast<std::uint8_t*>(scratch)) {}
  float* sums_of(std::int64_t job) const {
    return reinterpret_cast<float*>(memory + static_cast<std::size_t>(job) * room.job_bytes);
  }
  T* inputs_of(int thread) const {
    return reinterpret_cast<T*>(memory + static_cast<std::size_t>(jobs.count()) * room.job_bytes +
                                static_cast<std::size_t>(thread) * room.thread_bytes);
  }
  T* outputs_of(int thread) const {
    return reinterpret_cast<T*>(reinterpret_cast<std::uint8_t*>(inputs_of(thread)) + room.input_bytes);
  }
};

/// Adds tiles [begin, end) of a job's channels, which start at `in` and `out`, to its sums, or sets them.
template <int W, class E, class T>
void add_tiles(const WinogradShape& s, std::int64_t begin, std::int64_t end, std::int64_t in,
               std::int64_t out, const E* x, const SourceNormalization& normalization, const E* dy, bool set,
               const GradientScratch<T>& scratch, int thread, float* job_sums) {
  const Tiles tiles(s);
  const GradientJobs& jobs = scratch.jobs;
  const GradientRoom<T>& room = scratch.room;
  const std::int64_t room_groups = jobs.chunk / pair<T>;
  T* inputs = scratch.inputs_of(thread);
  T* outputs = scratch.outputs_of(thread);
  for (std::int64_t first = begin; first < end; first += jobs.chunk) {
    const std::int64_t last = std::min(first + jobs.chunk, end);
    const std::int64_t groups = (last - first + pair<T> - 1) / pair<T>;
    transform_chunk<W>(s, tiles, jobs, room, first, last, in, out, x, normalization, dy, inputs, outputs);
    for (int p = 0; p < points; ++p) {
      float* sums = job_sums + p * room.sum_step;
      for (std::int64_t i = 0; i < jobs.in; i += gradient_rows) {
        for (std::int64_t o = 0; o < jobs.out; o += W, sums += gradient_rows * W) {
          multiply_tiles<W>(inputs + p * room.input_step + i * room_groups * pair<T>,
                            outputs + p * room.output_step + o * room_groups * pair<T>, groups,
                            set && first == begin, sums);
        }
      }
    }
  }
}

/// Adds up the parts' sums, and transforms them to the weights' gradient.
template <int W, class T>
void finish_gradient_by(const Team& team, const WinogradShape& s, float* dweights,
                        const GradientScratch<T>& scratch) {
  const GradientJobs& jobs = scratch.jobs;
  team.each_in_turn(s.out / block * s.in, [&](std::int64_t row) {
    const std::int64_t o = row / s.in * block;
    const std::int64_t i = row % s.in;
    const std::int64_t job = i / jobs.in * (s.out / jobs.out) + o / jobs.out;
    const std::int64_t rows = i % jobs.in / gradient_rows * jobs.out + o % jobs.out / W * W;
    const std::int64_t place = rows * gradient_rows + i % gradient_rows * W + o % W;
    Vector du[points], dw[9];
    for (int p = 0; p < points; ++p) du[p] = load(scratch.sums_of(job) + place + p * scratch.room.sum_step);
    for (std::int64_t part = 1; part < jobs.parts; ++part) {
      const float* more = scratch.sums_of(part * jobs.blocks + job) + place;
      for (int p = 0; p < points; ++p) du[p] = du[p] + load(more + p * scratch.room.sum_step);
    }
    transform<WeightGradientTransform>(du, dw);
    float* to = dweights + ((o / block * (s.in / block) + i / block) * 9 * block + i % block) * block;
    for (int f = 0; f < 9; ++f) store(dw[f], to + f * block * block);
  });
}

template <int W, class E>
void weight_gradient_by(const Team& team, const WinogradShape& s, const E* x,
                        const SourceNormalization& normalization, const E* dy, float* dweights,
                        void* memory) {
  using T = Transformed<E>;
  static_assert(block == 2 * gradient_rows);  // store_halves
  const GradientScratch<T> scratch(s, team, memory);
  const GradientJobs& jobs = scratch.jobs;
  // Blocks of one part follow each other, since they read the same tiles.
  team.each_in_turn(jobs.count(), [&](std::int64_t job, int thread) {
    const std::int64_t in = job % jobs.blocks / (s.out / jobs.out) * jobs.in;
    const std::int64_t out = job % (s.out / jobs.out) * jobs.out;
    const std::int64_t begin = job / jobs.blocks * jobs.per_part;
    add_tiles<W>(s, begin, std::min(Tiles(s).count, begin + jobs.per_part), in, out, x, normalization, dy,
                 true, scratch, thread, scratch.sums_of(job));
  });
  finish_gradient_by<W>(team, s, dweights, scratch);
}

template <class E>
void weight_gradient(const Team& team, const WinogradShape& s, const void* x,
                     const SourceNormalization& normalization, const void* dy, float* dweights,
                     void* scratch) {
  const auto run = width_of(s.out) == block ? weight_gradient_by<block, E> : weight_gradient_by<2 * block, E>;
  run(team, s, static_cast<const E*>(x), normalization, static_cast<const E*>(dy), dweights, scratch);
}

template <class E>
std::int64_t gradient_part(const WinogradShape& s, const Team& team) {
  return GradientJobs(s, sizeof(Transformed<E>), team.size).pictures(s);
}

template <class E>
void picture_gradient(const Team& team, const WinogradShape& s, std::int64_t picture, int thread,
                      const void* x, const SourceNormalization& normalization, const void* dy, void* memory) {
  using T = Transformed<E>;
  const GradientScratch<T> scratch(s, team, memory);
  const WinogradShape one{1, s.in, s.out, s.size};
  const std::int64_t part = scratch.jobs.pictures(s);
  const auto add = width_of(s.out) == block ? add_tiles<block, E, T> : add_tiles<2 * block, E, T>;
  add(one, 0, Tiles(one).count, 0, 0, static_cast<const E*>(x), normalization, static_cast<const E*>(dy),
      picture % part == 0, scratch, thread, scratch.sums_of(picture / part));
}

template <class E>
void finish_gradient(const Team& team, const WinogradShape& s, float* dweights, void* memory) {
  using T = Transformed<E>;
  const auto run = width_of(s.out) == block ? finish_gradient_by<block, T> : finish_gradient_by<2 * block, T>;
  run(team, s, dweights, {s, team, memory});
}

template <class E>
std::size_t gradient_scratch_bytes(const WinogradShape& s, const Team& team) {
  using T = Transformed<E>;
  const GradientJobs jobs(s, sizeof(T), team.size);
  const GradientRoom<T> room(jobs);
  return static_cast<std::size_t>(jobs.count()) * room.job_bytes +
         static_cast<std::size_t>(team.size) * room.thread_bytes;
}

}  // namespace
}  // namespace bart::winograd
