#include "resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "resample.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace bart {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int kFractionBits = 22;

#if HWY_TARGET == HWY_SCALAR  // machines without SSSE3: the same sums, one by one

std::uint8_t rounded(std::int32_t sum) {
  return std::uint8_t(std::clamp((sum + (1 << (kFractionBits - 1))) >> kFractionBits, 0, 255));
}

void resample_row(const std::uint8_t* rgbx, const ResampleWeights& to, std::uint8_t* out) {
  const std::int32_t* weights = to.weights.data();
  for (const ResampleWeights::Window window : to.windows) {
    std::int32_t sums[3] = {};
    const std::uint8_t* in = rgbx + std::size_t(window.start) * 4;
    for (int i = 0; i < window.count; ++i)
      for (int c = 0; c < 3; ++c) sums[c] += in[4 * i + c] * weights[i];
    for (int c = 0; c < 3; ++c) *out++ = rounded(sums[c]);
    weights += to.stride;
  }
}

void add_weighted_row(const std::uint8_t* row, std::int32_t weight, std::size_t n, std::int32_t* sums) {
  for (std::size_t i = 0; i < n; ++i) sums[i] += weight * row[i];
}

void round_sums(const std::int32_t* sums, std::size_t n, std::uint8_t* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = rounded(sums[i]);
}

#else

// The sum of a vector's 128-bit blocks: one RGBX pixel.
template <class D, class V>
hn::Vec<hn::FixedTag<std::int32_t, 4> > sum_of_blocks(D d, V v) {
  if constexpr (hn::MaxLanes(d) > 4) {
    const hn::Half<D> half;
    return sum_of_blocks(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  } else {
    return v;
  }
}

// rgbx: [in, 4]; out: [out, 3] and one byte of room.
void resample_row(const std::uint8_t* HWY_RESTRICT rgbx, const ResampleWeights& to,
                  std::uint8_t* HWY_RESTRICT out) {
  const hn::CappedTag<std::int32_t, 16> d;
  const hn::FixedTag<std::int32_t, 4> pixel;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  const std::size_t pixels_at_once = hn::Lanes(d) / 4;
  // Lane i belongs to pixel i / 4 of the vector, whose weight it takes.
  HWY_ALIGN std::int32_t lane_pixel[16];
  for (int i = 0; i < 16; ++i) lane_pixel[i] = i / 4;
  const auto spread = hn::SetTableIndices(d, lane_pixel);

  const std::int32_t* weights = to.weights.data();
  for (const ResampleWeights::Window window : to.windows) {
    auto sum = hn::Zero(d);
    const std::uint8_t* in = rgbx + std::size_t(window.start) * 4;
    for (std::size_t i = 0; i < to.stride; i += pixels_at_once) {
      const auto pixels = hn::PromoteTo(d, hn::LoadU(bytes, in + i * 4));
      sum = hn::Add(sum, hn::Mul(pixels, hn::TableLookupLanes(hn::LoadU(d, weights + i), spread)));
    }
    const auto rounded = hn::Add(sum_of_blocks(d, sum), hn::Set(pixel, 1 << (kFractionBits - 1)));
    const auto clipped =
        hn::DemoteTo(hn::Rebind<std::uint8_t, decltype(pixel)>(), hn::ShiftRight<kFractionBits>(rounded));
    hn::StoreU(clipped, hn::Rebind<std::uint8_t, decltype(pixel)>(), out);
    out += 3;
    weights += to.stride;
  }
}

// sums: [n] += weight * row: [n]; both have room for a vector behind n.
void add_weighted_row(const std::uint8_t* HWY_RESTRICT row, std::int32_t weight, std::size_t n,
                      std::int32_t* HWY_RESTRICT sums) {
  const hn::CappedTag<std::int32_t, 16> d;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  const auto w = hn::Set(d, weight);
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto values = hn::PromoteTo(d, hn::LoadU(bytes, row + i));
    hn::StoreU(hn::Add(hn::LoadU(d, sums + i), hn::Mul(values, w)), d, sums + i);
  }
}

// out: [n] and room for a vector behind n.
void round_sums(const std::int32_t* HWY_RESTRICT sums, std::size_t n, std::uint8_t* HWY_RESTRICT out) {
  const hn::CappedTag<std::int32_t, 16> d;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto rounded = hn::Add(hn::LoadU(d, sums + i), hn::Set(d, 1 << (kFractionBits - 1)));
    hn::StoreU(hn::DemoteTo(bytes, hn::ShiftRight<kFractionBits>(rounded)), bytes, out + i);
  }
}

#endif

void spread_rgb(const std::uint8_t* HWY_RESTRICT rgb, std::size_t pixels, std::uint8_t* HWY_RESTRICT rgbx) {
  const hn::CappedTag<std::uint8_t, 64> d;
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= pixels; i += hn::Lanes(d)) {
    hn::Vec<decltype(d)> r, g, b;
    hn::LoadInterleaved3(d, rgb + 3 * i, r, g, b);
    hn::StoreInterleaved4(r, g, b, hn::Zero(d), d, rgbx + 4 * i);
  }
  for (; i < pixels; ++i) {
    std::memcpy(rgbx + 4 * i, rgb + 3 * i, 3);
    rgbx[4 * i + 3] = 0;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace bart
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bart {
namespace {

HWY_EXPORT(resample_row);
HWY_EXPORT(add_weighted_row);
HWY_EXPORT(round_sums);
HWY_EXPORT(spread_rgb);

constexpr std::size_t kLargestVector = 16;  // int32 lanes of the widest vector that the kernels use

double bicubic(double x) {
  x = std::abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * -0.5;
  return 0;
}

}  // namespace

// Every step in Pillow's order, so that the doubles are Pillow's too (its precompute_coeffs and
// normalize_coeffs_8bpc, libImaging/Resample.c). The size passes through float there.
ResampleWeights bicubic_weights(int in, int out) {
  const double scale = double(float(in)) / out;
  const double filter_scale = std::max(scale, 1.0);
  const double support = 2.0 * filter_scale;
  const double inverse_filter_scale = 1.0 / filter_scale;

  ResampleWeights to;
  to.windows.resize(std::size_t(out));
  int longest = 0;
  for (int i = 0; i < out; ++i) {
    const double center = (i + 0.5) * scale;
    const int start = std::max(int(center - support + 0.5), 0);
    const int end = std::min(int(center + support + 0.5), in);
    to.windows[std::size_t(i)] = {start, end - start};
    longest = std::max(longest, end - start);
  }
  to.stride = (std::size_t(longest) + 3) / 4 * 4;
  to.weights.assign(to.stride * std::size_t(out) + kLargestVector, 0);

  std::vector<double> exact(static_cast<std::size_t>(longest));
  for (int i = 0; i < out; ++i) {
    const auto [start, count] = to.windows[std::size_t(i)];
    const double center = (i + 0.5) * scale;
    double sum = 0;
    for (int j = 0; j < count; ++j) {
      exact[std::size_t(j)] = bicubic((j + start - center + 0.5) * inverse_filter_scale);
      sum += exact[std::size_t(j)];
    }
    for (int j = 0; j < count; ++j) {
      const double weight = (sum != 0 ? exact[std::size_t(j)] / sum : exact[std::size_t(j)]) * (1 << 22);
      to.weights[std::size_t(i) * to.stride + std::size_t(j)] =
          std::int32_t(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  return to;
}

RowResampler::RowResampler(int in_width, int in_height, int out_width, int out_height, std::uint8_t* out)
    : in_width_(std::size_t(in_width)),
      out_height_(out_height),
      out_row_bytes_(std::size_t(out_width) * 3),
      out_(out),
      horizontal_(bicubic_weights(in_width, out_width)),
      vertical_(bicubic_weights(in_height, out_height)),
      vertical_first_(in_height > out_height &&
                      in_height - out_height > 2 * (std::int64_t(in_width) - out_width)),
      sum_row_(vertical_first_ ? std::size_t(in_width) * 4 : out_row_bytes_),
      sum_stride_((sum_row_ + kLargestVector - 1) / kLargestVector * kLargestVector),
      open_rows_(1),
      between_(sum_row_ + horizontal_.stride * 4 + 64),
      last_(out_row_bytes_ + kLargestVector) {
  const auto& windows = vertical_.windows;
  for (std::size_t first = 0, last = 0; first < windows.size(); ++first) {
    while (last < windows.size() && windows[last].start < windows[first].start + windows[first].count) ++last;
    open_rows_ = std::max(open_rows_, last - first);
  }
  sums_.resize(open_rows_ * sum_stride_);
}

void RowResampler::add_row(const std::uint8_t* rgbx) {
  const std::uint8_t* row = rgbx;
  if (!vertical_first_) {
    HWY_DYNAMIC_DISPATCH(resample_row)(rgbx, horizontal_, between_.data());
    row = between_.data();
  }
  const auto& windows = vertical_.windows;
  for (; begun_ < out_height_ && windows[std::size_t(begun_)].start <= in_row_; ++begun_)
    std::fill_n(sums_of(begun_), sum_stride_, 0);
  for (int y = written_; y < begun_; ++y) {
    const std::size_t tap = std::size_t(in_row_ - windows[std::size_t(y)].start);
    HWY_DYNAMIC_DISPATCH(add_weighted_row)
    (row, vertical_.weights[std::size_t(y) * vertical_.stride + tap], sum_row_, sums_of(y));
  }
  ++in_row_;
  for (; written_ < begun_; ++written_) {
    const ResampleWeights::Window window = windows[std::size_t(written_)];
    if (window.start + window.count > in_row_) break;
    write_row(written_);
  }
}

void RowResampler::write_row(int out_row) {
  std::uint8_t* row = last_.data();
  if (vertical_first_) {
    HWY_DYNAMIC_DISPATCH(round_sums)(sums_of(out_row), sum_row_, between_.data());
    HWY_DYNAMIC_DISPATCH(resample_row)(between_.data(), horizontal_, row);
  } else {
    HWY_DYNAMIC_DISPATCH(round_sums)(sums_of(out_row), sum_row_, row);
  }
  std::memcpy(out_ + std::size_t(out_row) * out_row_bytes_, row, out_row_bytes_);
}

void rgb_to_rgbx(const std::uint8_t* rgb, std::size_t pixels, std::uint8_t* rgbx) {
  HWY_DYNAMIC_DISPATCH(spread_rgb)(rgb, pixels, rgbx);
}

}  // namespace bart
#endif  // HWY_ONCE
