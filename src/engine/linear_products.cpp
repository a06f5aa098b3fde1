#include "linear_products.h"

#include <algorithm>

#include "parameter_chunks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linear_products.cpp"
#include <hwy/foreach_target.h>
// Highway requires foreach_target.h before highway.h.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "activation_vectors-inl.h"

#ifndef BART_ENGINE_LINEAR_PANEL
#define BART_ENGINE_LINEAR_PANEL
namespace bart {

/// Floats between the packed rows of a panel's inputs: rows whose distance is a power of two would share few
/// sets of the cache.
inline constexpr std::int64_t pack_gap = 16;

/// Packed rows are padded with zeros to a multiple of this, for forward tiles of two, three or six pictures.
inline constexpr std::int64_t pack_multiple = 6;

/// Prefetch distance in bytes for the weights of a single picture, which come from memory or the last-level
/// cache: the hardware prefetcher stops at page ends.
inline constexpr std::size_t bytes_fetched_ahead = 16384;

/// Outputs per job of a forward pass: enough that a single picture reads long runs of memory.
inline constexpr std::int64_t outputs_of_job = 512;

/// Some panels of a forward pass, and the outputs [first, end) that are wanted.
struct ForwardJob {
  ActivationArray weights;  // of the first panel
  const float* packed;      // [panels, rows, panel + pack_gap], rows a multiple of pack_multiple
  std::int64_t panels, panel, out, n, rows, first, end;
  float* sums;  // [n, out]
};

/// Cache lines [first, end).
struct CacheLines {
  std::int64_t first, end;
};

/// Both backward products, for one panel: row r of the result is the sum over k of scalars[r, k] times row k
/// of `from`. Backward data adds up over outputs, backward weights over pictures.
struct BackwardJob {
  std::int64_t rows, count, width;
  const float* scalars;
  std::int64_t scalar_row, scalar_step;  // from one r, and from one k, to the next
  const float* from;                     // [count, from_row]
  std::int64_t from_row;
  float* to;  // [rows, to_row]
  std::int64_t to_row;
};

}  // namespace bart
#endif

HWY_BEFORE_NAMESPACE();
namespace bart::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void store_sums(V a, V b, V c, V d, float* to) {
  const V vectors[] = {a, b, c, d};
  for (int i = 0; i < 4; ++i) to[i] = hn::GetLane(vectors[i]);
}
#else
/// The sum of all blocks of four floats.
template <class Tag>
HWY_INLINE void store_sum_of_blocks(Tag tag, hn::Vec<Tag> v, float* to) {
  if constexpr (hn::MaxLanes(tag) > 4) {
    const hn::Half<Tag> half;
    store_sum_of_blocks(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)), to);
  } else {
    hn::StoreU(v, tag, to);
  }
}

/// The sums of four vectors, as four floats.
HWY_INLINE void store_sums(V a, V b, V c, V d, float* to) {
  const D f;
  const hn::Repartition<double, D> pairs;
  const V ab = hn::Add(hn::InterleaveLower(f, a, b), hn::InterleaveUpper(f, a, b));
  const V cd = hn::Add(hn::InterleaveLower(f, c, d), hn::InterleaveUpper(f, c, d));
  const auto low = hn::InterleaveLower(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, cd));
  const auto high = hn::InterleaveUpper(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, cd));
  // a, b, c, d in each block
  store_sum_of_blocks(f, hn::Add(hn::BitCast(f, low), hn::BitCast(f, high)), to);
}
#endif

/// `outputs` outputs, a multiple of four, of `pictures` pictures.
template <int pictures, int outputs, class E>
HWY_INLINE void forward_tile(const ForwardJob& job, const E* weights, std::int64_t row, std::int64_t output,
                             CacheLines fetched) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  const std::int64_t stride = job.panel + pack_gap;
  // Past the last output the last one is computed again.
  const E* of_output[outputs];
  for (int o = 0; o < outputs; ++o) of_output[o] = weights + std::min(output + o, job.out - 1) * job.panel;
  V sums[pictures][outputs];
  for (int n = 0; n < pictures; ++n) {
    for (auto& sum : sums[n]) sum = hn::Zero(D());
  }
  for (std::int64_t p = 0; p < job.panels; ++p) {
    const float* x = job.packed + (p * job.rows + row) * stride;
    const std::int64_t skipped = p * job.out * job.panel;
    const auto* next = reinterpret_cast<const std::uint8_t*>(of_output[0] + skipped + outputs * job.panel);
    for (std::int64_t line = fetched.first; line < fetched.end; ++line) hwy::Prefetch(next + line * 64);
    for (std::int64_t i = 0; i < job.panel; i += lanes) {
      V inputs[pictures];
      for (int n = 0; n < pictures; ++n) inputs[n] = load(x + n * stride + i);
      for (int o = 0; o < outputs; ++o) {
        const V w = load(of_output[o] + skipped + i);
        for (int n = 0; n < pictures; ++n) sums[n][o] = hn::MulAdd(inputs[n], w, sums[n][o]);
      }
    }
  }
  for (int n = 0; n < pictures && row + n < job.n; ++n) {
    float results[outputs];
    for (int o = 0; o < outputs; o += 4) {
      store_sums(sums[n][o], sums[n][o + 1], sums[n][o + 2], sums[n][o + 3], results + o);
    }
    float* to = job.sums + (row + n) * job.out + output;
    if (output + outputs <= job.end) {
      std::copy_n(results, outputs, to);  // of a length that the compiler knows
    } else {
      std::copy_n(results, job.end - output, to);
    }
  }
}

template <int pictures, int outputs, class E>
HWY_INLINE void forward_tiles(const ForwardJob& job, const E* weights) {
  static_assert(pack_multiple % pictures == 0);
  // While the pictures are multiplied with some outputs' weights, those of the next ones are prefetched, a
  // part with each tile of pictures. With a single tile it takes longer than it saves.
  const std::int64_t tiles = (job.n + pictures - 1) / pictures;
  const std::int64_t lines = tiles > 1 ? outputs * job.panel * static_cast<std::int64_t>(sizeof(E)) / 64 : 0;
  for (std::int64_t output = job.first; output < job.end; output += outputs) {
    for (std::int64_t t = 0; t < tiles; ++t) {
      forward_tile<pictures, outputs>(job, weights, t * pictures, output,
                                      {lines * t / tiles, lines * (t + 1) / tiles});
    }
  }
}

/// One picture: the weights are read once, in the order in which they lie in memory. Each output is added up
/// as forward_tile() does, in a vector that is kept from panel to panel.
template <class E>
HWY_INLINE void forward_picture(const ForwardJob& job, const E* weights) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  HWY_ALIGN float kept[outputs_of_job * hn::MaxLanes(D())];
  std::fill_n(kept, outputs_of_job * lanes, 0.f);
  for (std::int64_t p = 0; p < job.panels; ++p) {
    const float* x = job.packed + p * job.rows * (job.panel + pack_gap);
    const E* of_panel = weights + p * job.out * job.panel;
    for (std::int64_t output = job.first; output < job.end; output += 4) {
      const E* w[4];
      for (int o = 0; o < 4; ++o) w[o] = of_panel + std::min(output + o, job.out - 1) * job.panel;
      const auto* ahead = reinterpret_cast<const std::uint8_t*>(w[0]) + bytes_fetched_ahead;
      const std::size_t bytes = 4 * static_cast<std::size_t>(job.panel) * sizeof(E);
      for (std::size_t line = 0; line < bytes; line += 64) hwy::Prefetch(ahead + line);
      float* of_outputs = kept + (output - job.first) * lanes;
      V sums[4];
      for (int o = 0; o < 4; ++o) sums[o] = load(of_outputs + o * lanes);
      for (std::int64_t i = 0; i < job.panel; i += lanes) {
        const V input = load(x + i);
        for (int o = 0; o < 4; ++o) sums[o] = hn::MulAdd(input, load(w[o] + i), sums[o]);
      }
      for (int o = 0; o < 4; ++o) store(sums[o], of_outputs + o * lanes);
    }
  }
  for (std::int64_t output = job.first; output < job.end; output += 4) {
    const float* sums = kept + (output - job.first) * lanes;
    float results[4];
    store_sums(load(sums), load(sums + lanes), load(sums + 2 * lanes), load(sums + 3 * lanes), results);
    std::copy_n(results, std::min<std::int64_t>(4, job.end - output), job.sums + output);
  }
}

void ForwardPanels(const ForwardJob& job) {
  typed(job.weights, [&](const auto* weights) {
    // Sums take 24 of 32 registers, or 8 of 16.
    constexpr bool many = HWY_MAX_BYTES >= 64;
    if (job.n == 1) {
      forward_picture(job, weights);
    } else if (many && job.n > 3) {
      forward_tiles<6, 4>(job, weights);
    } else {
      forward_tiles<many ? 3 : 2, many ? 8 : 4>(job, weights);
    }
  });
}

/// `rows` rows of the result from `row` on, `vectors` vectors wide from `column` on.
template <int rows, int vectors>
HWY_INLINE void backward_tile(const BackwardJob& job, std::int64_t row, std::int64_t column) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  V sums[rows][vectors];
  for (int r = 0; r < rows; ++r) {
    for (auto& sum : sums[r]) sum = hn::Zero(D());
  }
  const float* scalars = job.scalars + row * job.scalar_row;
  for (std::int64_t k = 0; k < job.count; ++k) {
    V from[vectors];
    for (int v = 0; v < vectors; ++v) from[v] = load(job.from + k * job.from_row + column + v * lanes);
    for (int r = 0; r < rows; ++r) {
      const V scalar = hn::Set(D(), scalars[r * job.scalar_row + k * job.scalar_step]);
      for (int v = 0; v < vectors; ++v) sums[r][v] = hn::MulAdd(scalar, from[v], sums[r][v]);
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) store(sums[r][v], job.to + (row + r) * job.to_row + column + v * lanes);
  }
}

template <int vectors>
HWY_INLINE void backward_columns(const BackwardJob& job, std::int64_t column) {
  // Uses 16 of 32 registers for sums, or 8 of 16.
  constexpr int rows = HWY_MAX_BYTES >= 64 ? 4 : 2;
  std::int64_t row = 0;
  for (; row + rows <= job.rows; row += rows) backward_tile<rows, vectors>(job, row, column);
  for (; row < job.rows; ++row) backward_tile<1, vectors>(job, row, column);
}

void BackwardPanel(const BackwardJob& job) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  std::int64_t column = 0;
  for (; column + 4 * lanes <= job.width; column += 4 * lanes) backward_columns<4>(job, column);
  for (; column < job.width; column += lanes) backward_columns<1>(job, column);
}

void RoundWeights(const float* HWY_RESTRICT from, std::size_t count, Bf16* HWY_RESTRICT to) {
  for (std::size_t i = 0; i < count; i += hn::Lanes(D())) store(load(from + i), to + i);
}

}  // namespace bart::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bart {

HWY_EXPORT(ForwardPanels);
HWY_EXPORT(BackwardPanel);
HWY_EXPORT(RoundWeights);

namespace {

/// Inputs per group in the forward pass: their weights for a tile of outputs fit the L1 cache.
constexpr std::int64_t inputs_at_once = 512;
/// Outputs per job when the groups' sums are added.
constexpr std::int64_t outputs_of_total = 64;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

struct ForwardRoom {
  std::int64_t panels, groups, rows;
  std::int64_t partial, packed;  // floats: of a group, of a thread

  ForwardRoom(const LinearPanels& s, std::int64_t n)
      : panels(std::min(s.count(), inputs_at_once / s.panel)),
        groups(ceil_div(s.count(), panels)),
        rows(ceil_div(n, pack_multiple) * pack_multiple),
        partial(n * s.out),
        packed(panels * rows * (s.panel + pack_gap)) {}
};

/// Columns [first, first + panel) of x, row by row.
void pack(const LinearPanels& s, std::int64_t n, const float* x, std::int64_t first, std::int64_t rows,
          float* packed) {
  for (std::int64_t row = 0; row < rows; ++row) {
    float* to = packed + row * (s.panel + pack_gap);
    if (row < n) {
      std::copy_n(x + row * s.in + first, s.panel, to);
    } else {
      std::fill_n(to, s.panel, 0.f);
    }
  }
}

std::int64_t widest_panel(std::int64_t in) {
  std::int64_t panel = 64;
  while (in % panel != 0) panel -= 16;
  return panel;
}

}  // namespace

LinearPanels::LinearPanels(std::int64_t inputs, std::int64_t outputs)
    : in(inputs), out(outputs), panel(widest_panel(inputs)) {}

std::size_t linear_scratch_bytes(const LinearPanels& s, std::int64_t n, const Team& team) {
  const ForwardRoom room(s, n);
  return static_cast<std::size_t>(room.groups * room.partial + team.size * room.packed) * sizeof(float);
}

void linear_forward(const Team& team, const LinearPanels& s, std::int64_t n, const float* x,
                    ActivationArray weights, const float* bias, float* y, void* scratch) {
  const ForwardRoom room(s, n);
  auto* partial = static_cast<float*>(scratch);
  float* packed = partial + room.groups * room.partial;
  const std::int64_t parts = ceil_div(s.out, outputs_of_job);
  team.each(room.groups * parts, [&](std::int64_t job, int thread) {
    const std::int64_t group = job / parts;
    const std::int64_t first = group * room.panels;
    const std::int64_t panels = std::min(room.panels, s.count() - first);
    float* own = packed + thread * room.packed;
    for (std::int64_t p = 0; p < panels; ++p) {
      pack(s, n, x, (first + p) * s.panel, room.rows, own + p * room.rows * (s.panel + pack_gap));
    }
    const std::int64_t output = job % parts * outputs_of_job;
    HWY_DYNAMIC_DISPATCH(ForwardPanels)
    ({.weights = weights.at(first * s.out * s.panel),
      .packed = own,
      .panels = panels,
      .panel = s.panel,
      .out = s.out,
      .n = n,
      .rows = room.rows,
      .first = output,
      .end = std::min(s.out, output + outputs_of_job),
      .sums = partial + group * room.partial});
  });
  const std::int64_t totals = ceil_div(s.out, outputs_of_total);
  team.each(n * totals, [&](std::int64_t job) {
    const std::int64_t first = job % totals * outputs_of_total;
    const std::int64_t count = std::min(outputs_of_total, s.out - first);
    const std::int64_t at = job / totals * s.out + first;
    std::copy_n(bias + first, count, y + at);
    for (std::int64_t group = 0; group < room.groups; ++group) {
      const float* from = partial + group * room.partial + at;
      for (std::int64_t o = 0; o < count; ++o) y[at + o] += from[o];
    }
  });
}

void linear_backward_data(const Team& team, const LinearPanels& s, std::int64_t n, const float* dy,
                          const float* weights, float* dx) {
  team.each(s.count(), [&](std::int64_t p) {
    HWY_DYNAMIC_DISPATCH(BackwardPanel)
    ({.rows = n,
      .count = s.out,
      .width = s.panel,
      .scalars = dy,
      .scalar_row = s.out,
      .scalar_step = 1,
      .from = weights + p * s.out * s.panel,
      .from_row = s.panel,
      .to = dx + p * s.panel,
      .to_row = s.in});
  });
}

void linear_backward_weights(const Team& team, const LinearPanels& s, std::int64_t n, const float* x,
                             const float* dy, float* dweights, float* dbias, void* scratch) {
  const std::int64_t packed = n * (s.panel + pack_gap);
  team.each(s.count(), [&](std::int64_t p, int thread) {
    float* own = static_cast<float*>(scratch) + thread * packed;
    pack(s, n, x, p * s.panel, n, own);
    HWY_DYNAMIC_DISPATCH(BackwardPanel)
    ({.rows = s.out,
      .count = n,
      .width = s.panel,
      .scalars = dy,
      .scalar_row = 1,
      .scalar_step = s.out,
      .from = own,
      .from_row = s.panel + pack_gap,
      .to = dweights + p * s.out * s.panel,
      .to_row = s.panel});
  });
  std::copy_n(dy, s.out, dbias);
  for (std::int64_t row = 1; row < n; ++row) {
    for (std::int64_t o = 0; o < s.out; ++o) dbias[o] += dy[row * s.out + o];
  }
}

void rows_to_panels(const Team& team, const LinearPanels& s, std::int64_t first, std::int64_t rows,
                    const float* from, float* panels) {
  team.each(s.count(), [&](std::int64_t p) {
    float* to = panels + (p * s.out + first) * s.panel;
    for (std::int64_t row = 0; row < rows; ++row) {
      std::copy_n(from + row * s.in + p * s.panel, s.panel, to + row * s.panel);
    }
  });
}

void rows_from_panels(const Team& team, const LinearPanels& s, std::int64_t first, std::int64_t rows,
                      const float* panels, float* to) {
  team.each(s.count(), [&](std::int64_t p) {
    const float* from = panels + (p * s.out + first) * s.panel;
    for (std::int64_t row = 0; row < rows; ++row) {
      std::copy_n(from + row * s.panel, s.panel, to + row * s.in + p * s.panel);
    }
  });
}

void round_weights(const Team& team, std::int64_t count, const float* from, Bf16* to) {
  team.each(parameter_chunks(count), [&](std::int64_t chunk) {
    const std::int64_t first = chunk * parameter_chunk;
    HWY_DYNAMIC_DISPATCH(RoundWeights)
    (from + first, static_cast<std::size_t>(std::min(parameter_chunk, count - first)), to + first);
  });
}

}  // namespace bart
#endif  // HWY_ONCE
