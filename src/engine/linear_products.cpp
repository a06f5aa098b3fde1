#include "linear_products.h"

#include <algorithm>
#include <vector>

#include "team.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linear_products.cpp"
#include <hwy/foreach_target.h>
// Highway's order: the target loop first.
#include <hwy/highway.h>

#include "activation_vectors-inl.h"

#ifndef BART_ENGINE_LINEAR_PANEL
#define BART_ENGINE_LINEAR_PANEL
namespace bart {

/// Rows of a panel's inputs are packed with room between them: rows a power of two apart share few places in
/// a cache.
inline constexpr std::int64_t pack_gap = 16;

/// Packed rows are padded with zeros to a multiple of this, for forward tiles of two or three pictures.
inline constexpr std::int64_t pack_multiple = 6;

/// Some panels of a forward pass, and the outputs [first, end) that are wanted.
struct ForwardJob {
  ActivationArray weights;  // of the first panel
  const float* packed;      // [panels, rows, panel + pack_gap], rows a multiple of pack_multiple
  std::int64_t panels, panel, out, n, rows, first, end;
  float* sums;  // [n, out]
};

/// Panel `p` of a backward pass.
struct BackwardJob {
  std::int64_t panel, out, n, in;
  const float* dy;  // [n, out]
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
HWY_INLINE void forward_tile(const ForwardJob& job, const E* weights, std::int64_t row, std::int64_t output) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  const std::int64_t stride = job.panel + pack_gap;
  // The last outputs may be fewer: the very last one is then computed more than once.
  const E* of_output[outputs];
  for (int o = 0; o < outputs; ++o) of_output[o] = weights + std::min(output + o, job.out - 1) * job.panel;
  V sums[pictures][outputs];
  for (int n = 0; n < pictures; ++n) {
    for (auto& sum : sums[n]) sum = hn::Zero(D());
  }
  for (std::int64_t p = 0; p < job.panels; ++p) {
    const float* x = job.packed + (p * job.rows + row) * stride;
    const std::int64_t skipped = p * job.out * job.panel;
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
  for (std::int64_t output = job.first; output < job.end; output += outputs) {
    for (std::int64_t row = 0; row < job.n; row += pictures) {
      forward_tile<pictures, outputs>(job, weights, row, output);
    }
  }
}

void ForwardPanels(const ForwardJob& job) {
  typed(job.weights, [&](const auto* weights) {
    // 24 sums of 32 registers, or 8 of 16.
    constexpr bool many = HWY_MAX_BYTES >= 64;
    if (job.n == 1) {
      forward_tiles<1, 8>(job, weights);
    } else {
      forward_tiles<many ? 3 : 2, many ? 8 : 4>(job, weights);
    }
  });
}

/// `vectors` vectors of inputs of `pictures` pictures.
template <int pictures, int vectors>
HWY_INLINE void data_tile(const BackwardJob& job, const float* weights, std::int64_t row, float* dx) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  V sums[pictures][vectors];
  for (int n = 0; n < pictures; ++n) {
    for (auto& sum : sums[n]) sum = hn::Zero(D());
  }
  const float* dy = job.dy + row * job.out;
  for (std::int64_t o = 0; o < job.out; ++o) {
    V w[vectors];
    for (int v = 0; v < vectors; ++v) w[v] = load(weights + o * job.panel + v * lanes);
    for (int n = 0; n < pictures; ++n) {
      const V gradient = hn::Set(D(), dy[n * job.out + o]);
      for (int v = 0; v < vectors; ++v) sums[n][v] = hn::MulAdd(gradient, w[v], sums[n][v]);
    }
  }
  for (int n = 0; n < pictures; ++n) {
    for (int v = 0; v < vectors; ++v) store(sums[n][v], dx + (row + n) * job.in + v * lanes);
  }
}

template <int vectors>
HWY_INLINE void data_columns(const BackwardJob& job, const float* weights, float* dx) {
  constexpr int pictures = HWY_MAX_BYTES >= 64 ? 4 : 2;
  std::int64_t row = 0;
  for (; row + pictures <= job.n; row += pictures) data_tile<pictures, vectors>(job, weights, row, dx);
  for (; row < job.n; ++row) data_tile<1, vectors>(job, weights, row, dx);
}

/// `outputs` rows of the weights' gradient, `vectors` vectors wide.
template <int outputs, int vectors>
HWY_INLINE void weights_tile(const BackwardJob& job, const float* packed, std::int64_t output,
                             float* dweights) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  V sums[outputs][vectors];
  for (int o = 0; o < outputs; ++o) {
    for (auto& sum : sums[o]) sum = hn::Zero(D());
  }
  for (std::int64_t n = 0; n < job.n; ++n) {
    V x[vectors];
    for (int v = 0; v < vectors; ++v) x[v] = load(packed + n * (job.panel + pack_gap) + v * lanes);
    for (int o = 0; o < outputs; ++o) {
      const V gradient = hn::Set(D(), job.dy[n * job.out + output + o]);
      for (int v = 0; v < vectors; ++v) sums[o][v] = hn::MulAdd(gradient, x[v], sums[o][v]);
    }
  }
  for (int o = 0; o < outputs; ++o) {
    for (int v = 0; v < vectors; ++v) store(sums[o][v], dweights + (output + o) * job.panel + v * lanes);
  }
}

template <int vectors>
HWY_INLINE void weights_columns(const BackwardJob& job, const float* packed, float* dweights) {
  constexpr int outputs = HWY_MAX_BYTES >= 64 ? 4 : 2;
  std::int64_t o = 0;
  for (; o + outputs <= job.out; o += outputs) weights_tile<outputs, vectors>(job, packed, o, dweights);
  for (; o < job.out; ++o) weights_tile<1, vectors>(job, packed, o, dweights);
}

/// Calls columns(first, number of vectors) for a panel's columns, four vectors at a time where that many are
/// left.
template <class Columns>
HWY_INLINE void each_columns(std::int64_t panel, const Columns& columns) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  std::int64_t i = 0;
  for (; i + 4 * lanes <= panel; i += 4 * lanes) columns(i, std::integral_constant<int, 4>());
  for (; i < panel; i += lanes) columns(i, std::integral_constant<int, 1>());
}

void BackwardData(const BackwardJob& job, const float* weights, float* dx) {
  each_columns(job.panel, [&](std::int64_t i, auto vectors)
                              HWY_ATTR { data_columns<decltype(vectors)::value>(job, weights + i, dx + i); });
}

void BackwardWeights(const BackwardJob& job, const float* packed, float* dweights) {
  each_columns(job.panel, [&](std::int64_t i, auto vectors) HWY_ATTR {
    weights_columns<decltype(vectors)::value>(job, packed + i, dweights + i);
  });
}

void RoundWeights(const float* HWY_RESTRICT from, std::size_t count, Bf16* HWY_RESTRICT to) {
  for (std::size_t i = 0; i < count; i += hn::Lanes(D())) store(load(from + i), to + i);
}

}  // namespace bart::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bart {

HWY_EXPORT(ForwardPanels);
HWY_EXPORT(BackwardData);
HWY_EXPORT(BackwardWeights);
HWY_EXPORT(RoundWeights);

namespace {

/// Forward, so many inputs are added up together: the weights of a tile of outputs then stay in the
/// first-level cache for all pictures. A job has so many outputs of them.
constexpr std::int64_t inputs_at_once = 512;
constexpr std::int64_t outputs_of_job = 512;
/// The sums of all groups, of so many outputs, are added up together.
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
  // A single picture needs more jobs than a batch: each is short.
  const std::int64_t job_outputs = n == 1 ? outputs_of_total : outputs_of_job;
  const std::int64_t parts = ceil_div(s.out, job_outputs);
  team.each(room.groups * parts, [&](std::int64_t job, int thread) {
    const std::int64_t group = job / parts;
    const std::int64_t first = group * room.panels;
    const std::int64_t panels = std::min(room.panels, s.count() - first);
    float* own = packed + thread * room.packed;
    for (std::int64_t p = 0; p < panels; ++p) {
      pack(s, n, x, (first + p) * s.panel, room.rows, own + p * room.rows * (s.panel + pack_gap));
    }
    const std::int64_t output = job % parts * job_outputs;
    HWY_DYNAMIC_DISPATCH(ForwardPanels)
    ({.weights = weights.at(first * s.out * s.panel),
      .packed = own,
      .panels = panels,
      .panel = s.panel,
      .out = s.out,
      .n = n,
      .rows = room.rows,
      .first = output,
      .end = std::min(s.out, output + job_outputs),
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
    HWY_DYNAMIC_DISPATCH(BackwardData)
    ({s.panel, s.out, n, s.in, dy}, weights + p * s.out * s.panel, dx + p * s.panel);
  });
}

void linear_backward_weights(const Team& team, const LinearPanels& s, std::int64_t n, const float* x,
                             const float* dy, float* dweights, float* dbias, void* scratch) {
  const std::int64_t packed = n * (s.panel + pack_gap);
  team.each(s.count(), [&](std::int64_t p, int thread) {
    float* own = static_cast<float*>(scratch) + thread * packed;
    pack(s, n, x, p * s.panel, n, own);
    HWY_DYNAMIC_DISPATCH(BackwardWeights)({s.panel, s.out, n, s.in, dy}, own, dweights + p * s.out * s.panel);
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
  constexpr std::int64_t chunk = 1 << 14;
  team.each((count + chunk - 1) / chunk, [&](std::int64_t part) {
    const std::int64_t first = part * chunk;
    HWY_DYNAMIC_DISPATCH(RoundWeights)
    (from + first, static_cast<std::size_t>(std::min(chunk, count - first)), to + first);
  });
}

}  // namespace bart
#endif  // HWY_ONCE
