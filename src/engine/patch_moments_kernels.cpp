#include "patch_moments_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "patch_moments_kernels.cpp"
#include <hwy/foreach_target.h>
// Highway requires foreach_target.h before highway.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace bart::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Narrow = hn::CappedTag<std::int16_t, 32>;
using Wide = hn::CappedTag<std::int32_t, 16>;

/// The sum of products of 16-bit integers.
struct ProductSum {
  hn::Vec<Wide> first, second;  // Highway adds to either as it likes

  HWY_INLINE ProductSum() : first(hn::Zero(Wide())), second(hn::Zero(Wide())) {}
  HWY_INLINE void add(hn::Vec<Narrow> a, hn::Vec<Narrow> b) {
    first = hn::ReorderWidenMulAccumulate(Wide(), a, b, first, second);
  }
  HWY_INLINE std::int64_t total() const {
    HWY_ALIGN std::int32_t lanes[hn::MaxLanes(Wide())];
    std::int64_t sum = 0;
    for (const auto& part : {first, second}) {
      hn::Store(part, Wide(), lanes);
      for (std::size_t i = 0; i < hn::Lanes(Wide()); ++i) sum += lanes[i];
    }
    return sum;
  }
};

void SpreadLine(const std::uint8_t* HWY_RESTRICT row, std::size_t size, std::size_t stride,
                std::int16_t* HWY_RESTRICT line) {
  const hn::Rebind<std::uint8_t, Narrow> bytes;
  const std::size_t lanes = hn::Lanes(Narrow());
  std::size_t x = 0;
  for (; x + lanes <= size; x += lanes) {
    hn::Vec<decltype(bytes)> red, green, blue;
    hn::LoadInterleaved3(bytes, row + 3 * x, red, green, blue);
    hn::StoreU(hn::PromoteTo(Narrow(), red), Narrow(), line + x);
    hn::StoreU(hn::PromoteTo(Narrow(), green), Narrow(), line + stride + x);
    hn::StoreU(hn::PromoteTo(Narrow(), blue), Narrow(), line + 2 * stride + x);
  }
  for (; x < size; ++x) {
    for (std::size_t c = 0; c < 3; ++c) line[c * stride + x] = row[3 * x + c];
  }
}

void SumLines(const std::int16_t* lines, std::size_t size, std::size_t stride, std::size_t count,
              std::int64_t* sums) {
  const auto one = hn::Set(Narrow(), 1);
  for (std::size_t c = 0; c < 3; ++c) {
    ProductSum sum;
    for (std::size_t y = 0; y < count; ++y) {
      const std::int16_t* line = lines + (3 * y + c) * stride;
      for (std::size_t x = 0; x < size; x += hn::Lanes(Narrow())) {
        sum.add(hn::LoadU(Narrow(), line + x), one);
      }
    }
    sums[c] += sum.total();
  }
}

void CorrelateLines(const std::int16_t* a, const std::int16_t* b, std::size_t size, std::size_t stride,
                    std::size_t count, std::int64_t* products) {
  ProductSum s00, s01, s02, s10, s11, s12, s20, s21, s22;
  for (std::size_t y = 0; y < count; ++y, a += 3 * stride, b += 3 * stride) {
    for (std::size_t x = 0; x < size; x += hn::Lanes(Narrow())) {
      const auto a0 = hn::LoadU(Narrow(), a + x);
      const auto a1 = hn::LoadU(Narrow(), a + stride + x);
      const auto a2 = hn::LoadU(Narrow(), a + 2 * stride + x);
      const auto b0 = hn::LoadU(Narrow(), b + x);
      s00.add(a0, b0);
      s10.add(a1, b0);
      s20.add(a2, b0);
      const auto b1 = hn::LoadU(Narrow(), b + stride + x);
      s01.add(a0, b1);
      s11.add(a1, b1);
      s21.add(a2, b1);
      const auto b2 = hn::LoadU(Narrow(), b + 2 * stride + x);
      s02.add(a0, b2);
      s12.add(a1, b2);
      s22.add(a2, b2);
    }
  }
  products[0] += s00.total();
  products[1] += s01.total();
  products[2] += s02.total();
  products[3] += s10.total();
  products[4] += s11.total();
  products[5] += s12.total();
  products[6] += s20.total();
  products[7] += s21.total();
  products[8] += s22.total();
}

}  // namespace
}  // namespace bart::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bart {

HWY_EXPORT(SpreadLine);
HWY_EXPORT(SumLines);
HWY_EXPORT(CorrelateLines);

void spread_line(const std::uint8_t* row, std::size_t size, std::size_t stride, std::int16_t* line) {
  HWY_DYNAMIC_DISPATCH(SpreadLine)(row, size, stride, line);
}

void sum_lines(const std::int16_t* lines, std::size_t size, std::size_t stride, std::size_t count,
               std::int64_t* sums) {
  HWY_DYNAMIC_DISPATCH(SumLines)(lines, size, stride, count, sums);
}

void correlate_lines(const std::int16_t* a, const std::int16_t* b, std::size_t size, std::size_t stride,
                     std::size_t count, std::int64_t* products) {
  HWY_DYNAMIC_DISPATCH(CorrelateLines)(a, b, size, stride, count, products);
}

}  // namespace bart
#endif  // HWY_ONCE
