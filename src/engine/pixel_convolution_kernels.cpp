#include "pixel_convolution_kernels.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pixel_convolution_kernels.cpp"
#include <hwy/foreach_target.h>
// Highway requires foreach_target.h before highway.h.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "activation_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bart::HWY_NAMESPACE {
namespace {

constexpr std::size_t lanes = hn::MaxLanes(D());
constexpr std::size_t mask_bytes = (lanes + 7) / 8;

/// Pixels whose sums are in registers at once, for two vectors of channels each: with the filters and a
/// broadcast byte that fills 15 of 16 registers, or with AVX-512 27 of 32.
constexpr std::size_t tile = lanes == 16 ? 12 : 6;

/// Pixels whose products are added up in float, before their sum goes to a double.
constexpr std::size_t float_chain = 128;

/// Where a row has the vector of channels that begins at `channel`.
struct VectorPlace {
  std::size_t block, lane;  // which block of channels, and where in it

  VectorPlace(const ChannelRow& row, std::size_t channel)
      : block(channel / row.block), lane(channel % row.block) {}
  std::size_t filters(const ChannelRow& row) const { return block * 27 * row.block + lane; }
  std::size_t outputs(const ChannelRow& row) const { return block * row.step + lane; }
};

/// A vector's bits in the mask; with less than 8 lanes from bit `shift` of a byte on.
HWY_INLINE void put_bits(hn::Mask<D> bits, std::size_t shift, std::uint8_t* mask) {
  std::uint8_t bytes[8];
  hn::StoreMaskBits(D(), bits, bytes);
  if constexpr (lanes >= 8) {
    std::memcpy(mask, bytes, mask_bytes);
  } else {  // a byte's lower bits come first
    const auto lower = static_cast<std::uint8_t>(shift == 0 ? 0 : *mask);
    *mask = static_cast<std::uint8_t>(lower | bytes[0] << shift);
  }
}

HWY_INLINE hn::Mask<D> get_bits(const std::uint8_t* mask, std::size_t shift) {
  std::uint8_t bytes[8] = {};
  std::memcpy(bytes, mask, mask_bytes);
  if constexpr (lanes < 8) bytes[0] = static_cast<std::uint8_t>(bytes[0] >> shift);
  return hn::LoadMaskBits(D(), bytes);
}

/// The largest number that is stored as zero: half of the smallest bf16 rounds to even, which is zero.
template <class Y>
constexpr float largest_zero = std::is_same_v<Y, Bf16> ? 0x1p-134f : 0.0f;

template <std::size_t pixels, std::size_t vectors, bool masked, class Y>
HWY_INLINE void ForwardTile(const PixelRows& rows, const ChannelRow& row, std::size_t x,
                            const VectorPlace* places, const float* HWY_RESTRICT folded,
                            const float* HWY_RESTRICT offset, Y* HWY_RESTRICT y,
                            std::uint8_t* HWY_RESTRICT mask) {
  const std::size_t block = row.block;  // a copy, which the compiler need not read again after each store
  V sums[pixels][vectors];
  const float* filters[vectors];
  for (std::size_t v = 0; v < vectors; ++v) {
    filters[v] = folded + places[v].filters(row);
    const V start = load(offset + places[v].block * block + places[v].lane);
    for (std::size_t p = 0; p < pixels; ++p) sums[p][v] = start;
  }
  for (std::size_t r = 0; r < 3; ++r) {
    const float* bytes = rows[r] + 3 * x;
    for (std::size_t k = 0; k < 9; ++k, ++bytes) {
      // Hides from the compiler which bytes neighbouring pixels share: it would keep them in registers, of
      // which there are too few.
      asm("" : "+r"(bytes));
      V filter[vectors];
      for (std::size_t v = 0; v < vectors; ++v) {
        filter[v] = load(filters[v]);
        filters[v] += block;
      }
#pragma GCC unroll 12
      for (std::size_t p = 0; p < pixels; ++p) {
        const V byte = hn::Set(D(), bytes[3 * p]);
        for (std::size_t v = 0; v < vectors; ++v) sums[p][v] = hn::MulAdd(byte, filter[v], sums[p][v]);
      }
    }
  }
  for (std::size_t v = 0; v < vectors; ++v) {
    const std::size_t first = places[v].outputs(row) + x * block;
    Y* to = y + first;
    std::uint8_t* bits = masked ? mask + first / 8 : nullptr;
#pragma GCC unroll 12
    for (std::size_t p = 0; p < pixels; ++p, to += block) {
      store(relu(sums[p][v]), to);
      if constexpr (masked) {
        put_bits(hn::Gt(sums[p][v], hn::Set(D(), largest_zero<Y>)), first % 8, bits);
        bits += block / 8;
      }
    }
  }
}

template <std::size_t vectors, bool masked, class Y>
void ForwardVectors(const PixelRows& rows, const ChannelRow& row, std::size_t channel, const float* folded,
                    const float* offset, Y* y, std::uint8_t* mask) {
  const VectorPlace places[2] = {{row, channel}, {row, channel + (vectors - 1) * lanes}};
  if (row.size < tile) {
    for (std::size_t x = 0; x < row.size; ++x) {
      ForwardTile<1, vectors, masked>(rows, row, x, places, folded, offset, y, mask);
    }
    return;
  }
  // The last tile may overlap the one before, whose pixels are then computed again, with the same result.
  for (std::size_t x = 0; x < row.size; x += tile) {
    ForwardTile<tile, vectors, masked>(rows, row, std::min(x, row.size - tile), places, folded, offset, y,
                                       mask);
  }
}

template <bool masked, class Y>
void ForwardOf(const PixelRows& rows, const ChannelRow& row, const float* folded, const float* offset, Y* y,
               std::uint8_t* mask) {
  std::size_t channel = 0;
  for (; channel + 2 * lanes <= row.channels; channel += 2 * lanes) {
    ForwardVectors<2, masked>(rows, row, channel, folded, offset, y, mask);
  }
  if (channel < row.channels) ForwardVectors<1, masked>(rows, row, channel, folded, offset, y, mask);
}

/// Adds a vector of floats to doubles.
HWY_INLINE void add_to(V v, double* sums) {
#if HWY_TARGET == HWY_SCALAR
  *sums += static_cast<double>(hn::GetLane(v));
#else
  const hn::RepartitionToWide<D> wide;
  const hn::Half<D> half;
  double* upper = sums + hn::Lanes(wide);
  hn::StoreU(hn::Add(hn::LoadU(wide, sums), hn::PromoteTo(wide, hn::LowerHalf(half, v))), wide, sums);
  hn::StoreU(hn::Add(hn::LoadU(wide, upper), hn::PromoteTo(wide, hn::UpperHalf(half, v))), wide, upper);
#endif
}

/// g, with a zero pixel at either end, and its sum.
template <class Y>
HWY_INLINE void mask_gradient(const ChannelRow& row, const VectorPlace& place, const Y* HWY_RESTRICT dy,
                              const std::uint8_t* HWY_RESTRICT mask, float* HWY_RESTRICT g, double* sum) {
  store(hn::Zero(D()), g);
  store(hn::Zero(D()), g + (row.size + 1) * lanes);
  const std::size_t first = place.outputs(row);
  const std::size_t block = row.block;
  const std::uint8_t* bits = mask + first / 8;
  dy += first;
  g += lanes;
  for (std::size_t begin = 0; begin < row.size; begin += float_chain) {
    const std::size_t end = std::min(begin + float_chain, row.size);
    V chain = hn::Zero(D());
    for (std::size_t x = begin; x < end; ++x, dy += block, bits += block / 8, g += lanes) {
      const V v = hn::IfThenElseZero(get_bits(bits, first % 8), load(dy));
      store(v, g);
      chain = hn::Add(chain, v);
    }
    add_to(chain, sum);
  }
}

/// The sums of g * byte for one row of the filter: a byte meets the gradients of the pixel to its right, of
/// its own and of the one to its left, which stay in registers from pixel to pixel. Meanwhile it
/// fetches the gradients that the next row will need, so that memory and arithmetic work at the same time.
template <class Y>
HWY_INLINE void correlate(const float* HWY_RESTRICT pixels, const float* HWY_RESTRICT g, std::size_t size,
                          std::size_t block, const Y* ahead, double* sums) {
  for (std::size_t begin = 0; begin < size; begin += float_chain) {
    const std::size_t end = std::min(begin + float_chain, size);
    V s0 = hn::Zero(D()), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0;
    V left = load(g + begin * lanes);
    V own = load(g + (begin + 1) * lanes);
#pragma GCC unroll 3
    for (std::size_t x = begin; x < end; ++x) {
      const V right = load(g + (x + 2) * lanes);
      hwy::Prefetch(ahead + x * block);
      const float* bytes = pixels + 3 * (x + 1);
      const V red = hn::Set(D(), bytes[0]);
      s0 = hn::MulAdd(red, right, s0);
      s3 = hn::MulAdd(red, own, s3);
      s6 = hn::MulAdd(red, left, s6);
      const V green = hn::Set(D(), bytes[1]);
      s1 = hn::MulAdd(green, right, s1);
      s4 = hn::MulAdd(green, own, s4);
      s7 = hn::MulAdd(green, left, s7);
      const V blue = hn::Set(D(), bytes[2]);
      s2 = hn::MulAdd(blue, right, s2);
      s5 = hn::MulAdd(blue, own, s5);
      s8 = hn::MulAdd(blue, left, s8);
      left = own;
      own = right;
    }
    add_to(s0, sums);
    add_to(s1, sums + block);
    add_to(s2, sums + 2 * block);
    add_to(s3, sums + 3 * block);
    add_to(s4, sums + 4 * block);
    add_to(s5, sums + 5 * block);
    add_to(s6, sums + 6 * block);
    add_to(s7, sums + 7 * block);
    add_to(s8, sums + 8 * block);
  }
}

template <class Y>
void BackwardOf(const PixelRows& rows, const ChannelRow& row, const Y* dy, const std::uint8_t* mask, float* g,
                double* sums) {
  for (std::size_t channel = 0; channel < row.channels; channel += lanes) {
    const VectorPlace place(row, channel);
    double* mine = sums + place.block * 28 * row.block + place.lane;
    mask_gradient(row, place, dy, mask, g, mine + 27 * row.block);
    const Y* next = dy + place.outputs(row) + row.size * row.block;  // below the picture no one needs it
    for (std::size_t r = 0; r < 3; ++r) {
      correlate(rows[r], g, row.size, row.block, next, mine + r * 9 * row.block);
    }
  }
}

void FloatPixels(const std::uint8_t* HWY_RESTRICT row, std::size_t size, float* HWY_RESTRICT floats) {
  const hn::Rebind<std::uint8_t, D> bytes;
  const hn::RebindToSigned<D> integers;
  for (std::size_t c = 0; c < 3; ++c) floats[c] = floats[3 * (size + 1) + c] = 0;
  std::size_t i = 0;
  for (; i + lanes <= 3 * size; i += lanes) {
    store(hn::ConvertTo(D(), hn::PromoteTo(integers, hn::LoadU(bytes, row + i))), floats + 3 + i);
  }
  for (; i < 3 * size; ++i) floats[3 + i] = row[i];
}

void PixelRowForward(const PixelRows& pixels, const ChannelRow& row, const float* folded, const float* offset,
                     ActivationArray y, std::uint8_t* mask) {
  typed(y, [&](auto* to) {
    if (mask == nullptr) {
      ForwardOf<false>(pixels, row, folded, offset, to, mask);
    } else {
      ForwardOf<true>(pixels, row, folded, offset, to, mask);
    }
  });
}

void PixelRowBackward(const PixelRows& pixels, const ChannelRow& row, ActivationArray dy,
                      const std::uint8_t* mask, float* scratch, double* sums) {
  typed(dy, [&](auto* from) { BackwardOf(pixels, row, from, mask, scratch, sums); });
}

}  // namespace
}  // namespace bart::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bart {

HWY_EXPORT(FloatPixels);
HWY_EXPORT(PixelRowForward);
HWY_EXPORT(PixelRowBackward);

void float_pixels(const std::uint8_t* row, std::size_t size, float* floats) {
  HWY_DYNAMIC_DISPATCH(FloatPixels)(row, size, floats);
}

void pixel_row_forward(const PixelRows& pixels, const ChannelRow& row, const float* folded,
                       const float* offset, ActivationArray y, std::uint8_t* mask) {
  HWY_DYNAMIC_DISPATCH(PixelRowForward)(pixels, row, folded, offset, y, mask);
}

void pixel_row_backward(const PixelRows& pixels, const ChannelRow& row, ActivationArray dy,
                        const std::uint8_t* mask, float* scratch, double* sums) {
  HWY_DYNAMIC_DISPATCH(PixelRowBackward)(pixels, row, dy, mask, scratch, sums);
}

}  // namespace bart
#endif  // HWY_ONCE
