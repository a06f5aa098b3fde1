#include "resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "resample.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace bart {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int kFractionBits = 22;
constexpr std::size_t kBlock = 1024;  // weights that are computed at a time

#if HWY_TARGET == HWY_SCALAR  // machines without SSSE3: the same sums, one by one

std::uint8_t rounded(std::int32_t sum) {
  return std::uint8_t(std::clamp((sum + (1 << (kFractionBits - 1))) >> kFractionBits, 0, 255));
}

void add_weighted_pixels(const std::uint8_t* rgbx, const std::int32_t* weights, std::size_t n,
                         std::int32_t* sums) {
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t c = 0; c < 4; ++c) sums[c] += rgbx[4 * i + c] * weights[i];
}

void resample_row(const std::uint8_t* rgbx, const ResampleWeights& to, std::uint8_t* out) {
  const std::int32_t* weights = to.table().data();
  for (const ResampleWeights::Window window : to.windows()) {
    std::int32_t sums[4] = {};
    add_weighted_pixels(rgbx + std::size_t(window.start) * 4, weights, std::size_t(window.count), sums);
    weights += to.stride();
    for (int c = 0; c < 3; ++c) *out++ = rounded(sums[c]);
  }
}

void add_weighted_rows(const std::uint8_t* rows, std::size_t count, const std::int32_t* weights,
                       std::size_t n, std::int32_t* sums) {
  for (std::size_t row = 0; row < count; ++row)
    for (std::size_t i = 0; i < n; ++i) sums[i] += weights[row] * rows[row * n + i];
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

// Spreads the weights of the pixels in a vector to their four lanes each.
template <class D>
auto weight_lanes(D d) {
  HWY_ALIGN std::int32_t lane_pixel[16];
  for (int i = 0; i < 16; ++i) lane_pixel[i] = i / 4;
  return hn::SetTableIndices(d, lane_pixel);
}

// rgbx: [in, 4]; out: [out, 3] and one byte of room.
void resample_row(const std::uint8_t* HWY_RESTRICT rgbx, const ResampleWeights& to,
                  std::uint8_t* HWY_RESTRICT out) {
  const hn::CappedTag<std::int32_t, 16> d;
  const hn::FixedTag<std::int32_t, 4> pixel;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  const std::size_t pixels_at_once = hn::Lanes(d) / 4, stride = to.stride();
  const auto spread = weight_lanes(d);
  const std::int32_t* weights = to.table().data();
  for (const ResampleWeights::Window window : to.windows()) {
    auto sum = hn::Zero(d);
    const std::uint8_t* in = rgbx + std::size_t(window.start) * 4;
    for (std::size_t i = 0; i < stride; i += pixels_at_once) {
      const auto pixels = hn::PromoteTo(d, hn::LoadU(bytes, in + i * 4));
      sum = hn::Add(sum, hn::Mul(pixels, hn::TableLookupLanes(hn::LoadU(d, weights + i), spread)));
    }
    const auto rounded = hn::Add(sum_of_blocks(d, sum), hn::Set(pixel, 1 << (kFractionBits - 1)));
    const auto clipped =
        hn::DemoteTo(hn::Rebind<std::uint8_t, decltype(pixel)>(), hn::ShiftRight<kFractionBits>(rounded));
    hn::StoreU(clipped, hn::Rebind<std::uint8_t, decltype(pixel)>(), out);
    out += 3;
    weights += stride;
  }
}

// sums: [4] += [n, 4] pixels times their weights: [n]; both have room for a vector after n, the weights with
// zeros.
void add_weighted_pixels(const std::uint8_t* HWY_RESTRICT rgbx, const std::int32_t* HWY_RESTRICT weights,
                         std::size_t n, std::int32_t* HWY_RESTRICT sums) {
  const hn::CappedTag<std::int32_t, 16> d;
  const hn::FixedTag<std::int32_t, 4> pixel;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  const auto spread = weight_lanes(d);
  auto sum = hn::Zero(d);
  for (std::size_t i = 0; i < n; i += hn::Lanes(d) / 4) {
    const auto pixels = hn::PromoteTo(d, hn::LoadU(bytes, rgbx + i * 4));
    sum = hn::Add(sum, hn::Mul(pixels, hn::TableLookupLanes(hn::LoadU(d, weights + i), spread)));
  }
  hn::StoreU(hn::Add(hn::LoadU(pixel, sums), sum_of_blocks(d, sum)), pixel, sums);
}

// sums: [n] += rows: [count, n], each times its weight; sums and the last row have room for a vector after n.
void add_weighted_rows(const std::uint8_t* HWY_RESTRICT rows, std::size_t count,
                       const std::int32_t* HWY_RESTRICT weights, std::size_t n,
                       std::int32_t* HWY_RESTRICT sums) {
  const hn::CappedTag<std::int32_t, 16> d;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    auto sum = hn::LoadU(d, sums + i);
    for (std::size_t row = 0; row < count; ++row) {
      const auto values = hn::PromoteTo(d, hn::LoadU(bytes, rows + row * n + i));
      sum = hn::Add(sum, hn::Mul(values, hn::Set(d, weights[row])));
    }
    hn::StoreU(sum, d, sums + i);
  }
}

// out: [n] and room for a vector after n.
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

// The kernel at `count` positions from `position` on, in Pillow's order of operations (its bicubic_filter and
// precompute_coeffs, libImaging/Resample.c), so that the doubles are Pillow's too.
void bicubic_at(std::int64_t position, std::size_t count, double center, double inverse_filter_scale,
                double* HWY_RESTRICT values) {
  const hn::CappedTag<double, 8> d;
  const auto set = [d](double value) { return hn::Set(d, value); };
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    const auto at = hn::Iota(d, double(position + std::int64_t(i)));
    const auto x = hn::Abs(hn::Mul(hn::Add(hn::Sub(at, set(center)), set(0.5)), set(inverse_filter_scale)));
    // (1.5 x - 2.5) x x + 1 below 1, (((x - 5) x + 8) x - 4) * -0.5 below 2
    const auto near = hn::Add(hn::Mul(hn::Mul(hn::Sub(hn::Mul(set(1.5), x), set(2.5)), x), x), set(1));
    const auto far =
        hn::Mul(hn::Sub(hn::Mul(hn::Add(hn::Mul(hn::Sub(x, set(5)), x), set(8)), x), set(4)), set(-0.5));
    const auto beyond_1 = hn::IfThenElseZero(hn::Lt(x, set(2)), far);
    hn::StoreU(hn::IfThenElse(hn::Lt(x, set(1)), near, beyond_1), d, values + i);
  }
}

// Pillow's normalize_coeffs_8bpc: values / sum in fixed point, halves away from zero. Both have room for a
// vector.
void normalize(const double* HWY_RESTRICT values, std::size_t count, double sum,
               std::int32_t* HWY_RESTRICT weights) {
  const hn::CappedTag<double, 8> d;
  const hn::Rebind<std::int32_t, decltype(d)> integers;
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    const auto weight =
        hn::Mul(hn::Div(hn::LoadU(d, values + i), hn::Set(d, sum)), hn::Set(d, 1 << kFractionBits));
    const auto half = hn::CopySign(hn::Set(d, 0.5), weight);
    hn::StoreU(hn::DemoteTo(integers, hn::Add(weight, half)), integers, weights + i);
  }
}

// The weights of all windows, [out, stride]; none is longer than kBlock.
void fill_table(const ResampleWeights& to, double scale, double inverse_filter_scale,
                std::int32_t* HWY_RESTRICT table) {
  double values[kBlock + 8];
  std::int32_t fixed[kBlock + 8];
  for (std::size_t i = 0; i < to.windows().size(); ++i, table += to.stride()) {
    const auto [start, length] = to.windows()[i];
    const std::size_t count = std::size_t(length);
    bicubic_at(start, count, (double(i) + 0.5) * scale, inverse_filter_scale, values);
    double sum = 0;
    for (std::size_t j = 0; j < count; ++j) sum += values[j];
    normalize(values, count, sum != 0 ? sum : 1, fixed);
    std::memcpy(table, fixed, count * sizeof *fixed);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace bart
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bart {
namespace {

HWY_EXPORT(resample_row);
HWY_EXPORT(add_weighted_pixels);
HWY_EXPORT(add_weighted_rows);
HWY_EXPORT(round_sums);
HWY_EXPORT(spread_rgb);
HWY_EXPORT(bicubic_at);
HWY_EXPORT(normalize);
HWY_EXPORT(fill_table);

constexpr std::size_t kLargestVector = 16;      // int32 lanes of the widest vector that the kernels use
constexpr std::size_t kLargestTable = 1 << 24;  // weights
constexpr std::size_t kBlock = HWY_NAMESPACE::kBlock;
constexpr std::size_t kPixelsAtOnce = 4096;  // that add_rgb_rows spreads at a time

}  // namespace

ResampleWeights::ResampleWeights(int in, int out)
    : in_(in),
      out_(out),
      scale_(double(float(in)) / out),  // the size passes through float in Pillow
      support_(2.0 * std::max(scale_, 1.0)),
      inverse_filter_scale_(1.0 / std::max(scale_, 1.0)) {
  int longest = 0;
  for (int i = 0; i < out; ++i) longest = std::max(longest, computed_window(i).count);
  stride_ = (std::size_t(longest) + 3) / 4 * 4;
  if (stride_ > kLargestTable / std::size_t(out)) return;
  table_.assign(stride_ * std::size_t(out) + kLargestVector, 0);
  windows_.reserve(std::size_t(out));
  for (int i = 0; i < out; ++i) windows_.push_back(computed_window(i));
  if (std::size_t(longest) <= kBlock) {
    HWY_DYNAMIC_DISPATCH(fill_table)(*this, scale_, inverse_filter_scale_, table_.data());
    return;
  }
  for (int i = 0; i < out; ++i)
    weights(i, sum_of(i), 0, windows_[std::size_t(i)].count, &table_[std::size_t(i) * stride_]);
}

ResampleWeights::Window ResampleWeights::computed_window(int i) const {
  const double center = (i + 0.5) * scale_;
  const int start = std::max(int(center - support_ + 0.5), 0);
  const int end = std::min(int(center + support_ + 0.5), in_);
  return {start, end - start};
}

double ResampleWeights::sum_of(int i) const {
  const auto [start, count] = window(i);
  double values[kBlock + 8];
  double sum = 0;
  for (std::size_t done = 0; done < std::size_t(count); done += kBlock) {
    const std::size_t now = std::min(kBlock, std::size_t(count) - done);
    HWY_DYNAMIC_DISPATCH(bicubic_at)
    (start + std::int64_t(done), now, (i + 0.5) * scale_, inverse_filter_scale_, values);
    for (std::size_t j = 0; j < now; ++j) sum += values[j];
  }
  return sum;
}

void ResampleWeights::weights(int i, double sum, int first, int count, std::int32_t* weights) const {
  const int start = window(i).start + first;
  double values[kBlock + 8];
  std::int32_t fixed[kBlock + 8];
  for (std::size_t done = 0; done < std::size_t(count); done += kBlock) {
    const std::size_t now = std::min(kBlock, std::size_t(count) - done);
    HWY_DYNAMIC_DISPATCH(bicubic_at)
    (start + std::int64_t(done), now, (i + 0.5) * scale_, inverse_filter_scale_, values);
    HWY_DYNAMIC_DISPATCH(normalize)(values, now, sum != 0 ? sum : 1, fixed);
    std::copy_n(fixed, now, weights + done);
  }
}

namespace {

bool is_vertical_first(int in_width, int in_height, int out_width, int out_height) {
  return in_height > out_height && in_height - out_height > 2 * (std::int64_t(in_width) - out_width);
}

}  // namespace

RowResampler::RowResampler(int in_width, int in_height, int out_width, int out_height, std::uint8_t* out)
    : in_width_(std::size_t(in_width)),
      out_height_(out_height),
      out_row_bytes_(std::size_t(out_width) * 3),
      out_(out),
      horizontal_(in_width, out_width),
      vertical_(in_height, out_height),
      vertical_first_(is_vertical_first(in_width, in_height, out_width, out_height)),
      sum_row_(vertical_first_ ? std::size_t(in_width) * 4 : out_row_bytes_),
      sum_stride_((sum_row_ + kLargestVector - 1) / kLargestVector * kLargestVector),
      open_rows_(1),
      between_(sum_row_ + (horizontal_.table().empty() ? 0 : horizontal_.stride() * 4) + 64),
      last_(out_row_bytes_ + kLargestVector) {
  for (int first = 0, last = 0; first < out_height; ++first) {
    const ResampleWeights::Window window = vertical_.window(first);
    while (last < out_height && vertical_.window(last).start < window.start + window.count) ++last;
    open_rows_ = std::max(open_rows_, std::size_t(last - first));
  }
  sums_.resize(open_rows_ * sum_stride_);
  if (!vertical_.table().empty()) return;
  blocks_.resize(open_rows_);
  block_size_ = std::min(kBlock, vertical_.stride());
  block_weights_.resize(open_rows_ * block_size_);
}

std::uint64_t RowResampler::memory_of(int in_width, int in_height, int out_width, int out_height) {
  const auto size = [](int pixels) { return std::uint64_t(pixels); };
  const auto table = [&](int in, int out) {  // a window has at most 4 in / out + 2 positions, and 5
    return 4 * std::min<std::uint64_t>(kLargestTable, 4 * size(in) + 8 * size(out)) + 8 * size(out);
  };
  const bool vertical_first = is_vertical_first(in_width, in_height, out_width, out_height);
  const std::uint64_t row = vertical_first ? 4 * size(in_width) : 3 * size(out_width);
  const std::uint64_t open_rows = std::min(size(out_height), 6 + 5 * size(out_height) / size(in_height));
  const std::uint64_t block = std::min<std::uint64_t>(kBlock, 4 * size(in_height) / size(out_height) + 8);
  const bool has_row = vertical_first || 4 * size(in_width) <= kLargestTable;
  return table(in_width, out_width) + table(in_height, out_height) +
         open_rows * (4 * (row + block) + sizeof(Block)) + row + (has_row ? 8 * size(in_width) : 0);
}

// The weights of an output row under way from `tap` on; `count` becomes how many there are at hand, if fewer.
const std::int32_t* RowResampler::vertical_weights(int out_row, std::size_t tap, std::size_t& count) {
  if (!vertical_.table().empty()) return &vertical_.table()[std::size_t(out_row) * vertical_.stride() + tap];
  const std::size_t place = std::size_t(out_row) % open_rows_;
  Block& block = blocks_[place];
  std::int32_t* const weights = &block_weights_[place * block_size_];
  if (tap >= block.end) {
    block.first = tap;
    block.end = std::min(tap + block_size_, std::size_t(vertical_.window(out_row).count));
    vertical_.weights(out_row, block.sum, int(tap), int(block.end - tap), weights);
  }
  count = std::min(count, block.end - tap);
  return weights + (tap - block.first);
}

void RowResampler::open_rows_until(int in_row) {
  for (; begun_ < out_height_ && vertical_.window(begun_).start <= in_row; ++begun_) {
    std::fill_n(sums_of(begun_), sum_stride_, 0);
    if (!blocks_.empty()) blocks_[std::size_t(begun_) % open_rows_] = {vertical_.sum_of(begun_), 0, 0};
  }
}

// rows: [count, sum_row_]
void RowResampler::add_to_sums(const std::uint8_t* rows, std::size_t count) {
  while (count > 0) {
    open_rows_until(in_row_);
    // The number of rows until another output row begins, the first of those under way is complete, or
    // weights are at an end.
    std::size_t now = count;
    if (now > 1) {
      if (begun_ < out_height_) now = std::min(now, std::size_t(vertical_.window(begun_).start - in_row_));
      const ResampleWeights::Window first = vertical_.window(written_);
      now = std::min(now, std::size_t(first.start + first.count - in_row_));
    }
    if (!blocks_.empty()) {
      for (int y = written_; y < begun_; ++y)
        vertical_weights(y, std::size_t(in_row_ - vertical_.window(y).start), now);
    }
    for (int y = written_; y < begun_; ++y) {
      const std::size_t tap = std::size_t(in_row_ - vertical_.window(y).start);
      const std::int32_t* weights = vertical_weights(y, tap, now);
      HWY_DYNAMIC_DISPATCH(add_weighted_rows)(rows, now, weights, sum_row_, sums_of(y));
    }
    in_row_ += int(now);
    rows += now * sum_row_;
    count -= now;
    for (; written_ < begun_; ++written_) {
      const ResampleWeights::Window window = vertical_.window(written_);
      if (window.start + window.count > in_row_) break;
      write_row(written_);
    }
  }
}

void RowResampler::add_row(const std::uint8_t* rgbx) {
  const std::uint8_t* row = rgbx;
  if (!vertical_first_) {
    HWY_DYNAMIC_DISPATCH(resample_row)(rgbx, horizontal_, between_.data());
    row = between_.data();
  }
  add_to_sums(row, 1);
}

void RowResampler::add_rgb_rows(const std::uint8_t* rgb, std::size_t count) {
  const bool wide = horizontal_.table().empty() && !vertical_first_;
  const std::size_t at_once = vertical_first_ ? std::max<std::size_t>(kPixelsAtOnce / in_width_, 1) : 1;
  if (!wide && rgbx_.empty())
    rgbx_.resize(std::max(at_once * in_width_ * 4 + 64, vertical_first_ ? 0 : row_bytes()));
  for (std::size_t done = 0; done < count;) {
    const std::size_t now = std::min(at_once, count - done);
    const std::uint8_t* rows = rgb + done * in_width_ * 3;
    done += now;
    if (wide) {
      resample_wide_row(rows, 3, between_.data());
      add_to_sums(between_.data(), 1);
      continue;
    }
    HWY_DYNAMIC_DISPATCH(spread_rgb)(rows, now * in_width_, rgbx_.data());
    if (vertical_first_)
      add_to_sums(rgbx_.data(), now);
    else
      add_row(rgbx_.data());
  }
}

// A row whose weights have no table. row: [in_width, channels]; out: [out, 3].
void RowResampler::resample_wide_row(const std::uint8_t* row, std::size_t channels, std::uint8_t* out) {
  std::int32_t weights[kBlock + kLargestVector] = {};
  std::uint8_t rgbx[(kBlock + kLargestVector) * 4] = {};
  for (int x = 0; x < horizontal_.out(); ++x) {
    const auto [start, count] = horizontal_.window(x);
    const double sum = horizontal_.sum_of(x);
    std::int32_t sums[4] = {};
    for (int first = 0; first < count; first += int(kBlock)) {
      const int now = std::min(int(kBlock), count - first);
      horizontal_.weights(x, sum, first, now, weights);
      std::fill_n(weights + now, kLargestVector, 0);
      const std::uint8_t* pixels = row + std::size_t(start + first) * channels;
      if (channels == 3)
        HWY_DYNAMIC_DISPATCH(spread_rgb)(pixels, std::size_t(now), rgbx);
      else
        std::memcpy(rgbx, pixels, std::size_t(now) * 4);
      HWY_DYNAMIC_DISPATCH(add_weighted_pixels)(rgbx, weights, std::size_t(now), sums);
    }
    for (int c = 0; c < 3; ++c) *out++ = std::uint8_t(std::clamp((sums[c] + (1 << 21)) >> 22, 0, 255));
  }
}

void RowResampler::write_row(int out_row) {
  std::uint8_t* row = last_.data();
  if (vertical_first_) {
    HWY_DYNAMIC_DISPATCH(round_sums)(sums_of(out_row), sum_row_, between_.data());
    if (horizontal_.table().empty())
      resample_wide_row(between_.data(), 4, row);
    else
      HWY_DYNAMIC_DISPATCH(resample_row)(between_.data(), horizontal_, row);
  } else {
    HWY_DYNAMIC_DISPATCH(round_sums)(sums_of(out_row), sum_row_, row);
  }
  std::memcpy(out_ + std::size_t(out_row) * out_row_bytes_, row, out_row_bytes_);
}

}  // namespace bart
#endif  // HWY_ONCE
