#include <algorithm>
#include <cstring>
#include <vector>

#include "bart/augment/picture_change.h"
#include "bart/platform/error.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "change_picture.cpp"
#include <hwy/foreach_target.h>
// Highway requires this order: the target loop comes first.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace bart::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Converts [pixels, 3] to one word per pixel, whose fourth byte is 0.
void SpreadPixels(const std::uint8_t* HWY_RESTRICT rgb, std::size_t pixels,
                  std::uint32_t* HWY_RESTRICT words) {
  const hn::CappedTag<std::uint8_t, 64> d;
  auto* bytes = reinterpret_cast<std::uint8_t*>(words);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= pixels; i += hn::Lanes(d)) {
    hn::Vec<decltype(d)> r, g, b;
    hn::LoadInterleaved3(d, rgb + 3 * i, r, g, b);
    hn::StoreInterleaved4(r, g, b, hn::Zero(d), d, bytes + 4 * i);
  }
  for (; i < pixels; ++i) {
    std::memcpy(bytes + 4 * i, rgb + 3 * i, 3);
    bytes[4 * i + 3] = 0;
  }
}

/// Writes one row of the changed picture, [to_side, 3], which has room for a vector after it.
void ChangeRow(const PictureChange& change, const std::uint32_t* HWY_RESTRICT words, std::int32_t side,
               std::int32_t y, std::int32_t to_side, std::uint8_t* HWY_RESTRICT row) {
  const hn::CappedTag<std::int32_t, 16> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  using Whole = hn::Vec<decltype(d)>;
  using Word = hn::Vec<decltype(du)>;

  // Positions are reflected at the edges, with the edge pixel twice: -1 becomes 0, side becomes side - 1.
  // Positions beyond one reflection become the edge.
  const auto reflected = [&](Whole at) {
    const Whole positive = hn::Xor(at, hn::ShiftRight<31>(at));
    return hn::Max(hn::Min(positive, hn::Sub(hn::Set(d, 2 * side - 1), positive)), hn::Zero(d));
  };
  // Two bytes of a word are computed at a time, in 16 bits each: 255 * 256 + 128 is below 65536.
  const Word low_bytes = hn::Set(du, 0x00FF00FFu);
  const auto between = [&](Word first, Word second, Word fraction) {
    const Word sum = hn::Add(hn::Mul(first, hn::Sub(hn::Set(du, 256u), fraction)), hn::Mul(second, fraction));
    return hn::And(hn::ShiftRight<8>(hn::Add(sum, hn::Set(du, 0x00800080u))), low_bytes);
  };
  const auto colour = [&](std::size_t to, Whole red, Whole green, Whole blue) {
    const Whole sum = hn::Add(
        hn::Add(hn::Mul(red, hn::Set(d, change.colours[3 * to])),
                hn::Mul(green, hn::Set(d, change.colours[3 * to + 1]))),
        hn::Add(hn::Mul(blue, hn::Set(d, change.colours[3 * to + 2])), hn::Set(d, change.offset + 2048)));
    return hn::DemoteTo(bytes, hn::ShiftRight<12>(sum));
  };

  const Whole row_x = hn::Set(d, change.x0 + y * change.xy);
  const Whole row_y = hn::Set(d, change.y0 + y * change.yy);
  for (std::int32_t x = 0; x < to_side; x += static_cast<std::int32_t>(hn::Lanes(d))) {
    const Whole column = hn::Iota(d, x);
    const Whole at_x = hn::Add(row_x, hn::Mul(column, hn::Set(d, change.xx)));
    const Whole at_y = hn::Add(row_y, hn::Mul(column, hn::Set(d, change.yx)));
    const Whole whole_x = hn::ShiftRight<16>(at_x), whole_y = hn::ShiftRight<16>(at_y);
    const Whole left = reflected(whole_x), right = reflected(hn::Add(whole_x, hn::Set(d, 1)));
    const Whole upper = hn::Mul(reflected(whole_y), hn::Set(d, side));
    const Whole lower = hn::Mul(reflected(hn::Add(whole_y, hn::Set(d, 1))), hn::Set(d, side));
    const Word fraction_x = hn::And(hn::ShiftRight<8>(hn::BitCast(du, at_x)), hn::Set(du, 255u));
    const Word fraction_y = hn::And(hn::ShiftRight<8>(hn::BitCast(du, at_y)), hn::Set(du, 255u));

    const Word upper_left = hn::GatherIndex(du, words, hn::Add(upper, left));
    const Word upper_right = hn::GatherIndex(du, words, hn::Add(upper, right));
    const Word lower_left = hn::GatherIndex(du, words, hn::Add(lower, left));
    const Word lower_right = hn::GatherIndex(du, words, hn::Add(lower, right));
    const auto even = [&](Word word) { return hn::And(word, low_bytes); };
    const auto odd = [&](Word word) { return hn::And(hn::ShiftRight<8>(word), low_bytes); };
    const Word red_blue = between(between(even(upper_left), even(upper_right), fraction_x),
                                  between(even(lower_left), even(lower_right), fraction_x), fraction_y);
    const Word only_green = between(between(odd(upper_left), odd(upper_right), fraction_x),
                                    between(odd(lower_left), odd(lower_right), fraction_x), fraction_y);

    const Whole red = hn::BitCast(d, hn::And(red_blue, hn::Set(du, 0xFFFFu)));
    const Whole green = hn::BitCast(d, only_green);  // the fourth byte is 0
    const Whole blue = hn::BitCast(d, hn::ShiftRight<16>(red_blue));
    hn::StoreInterleaved3(colour(0, red, green, blue), colour(1, red, green, blue),
                          colour(2, red, green, blue), bytes, row + 3 * x);
  }
}

}  // namespace bart::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bart {

HWY_EXPORT(SpreadPixels);
HWY_EXPORT(ChangeRow);

void change_picture(const PictureChange& change, std::span<const std::uint8_t> from, int from_side,
                    std::span<std::uint8_t> to, int to_side) {
  const auto bytes_of = [](int side) {
    return static_cast<std::size_t>(side) * static_cast<std::size_t>(side) * 3;
  };
  if (from.size() != bytes_of(from_side) || to.size() != bytes_of(to_side)) {
    throw Error("a picture to be changed and the one that it becomes must have [side, side, 3] bytes");
  }
  if (change.left < 0 || change.right > to_side || change.top < 0 || change.bottom > to_side)
    throw Error("the part of a picture that is painted over must lie in it");
  std::vector<std::uint32_t> words(from.size() / 3);
  HWY_DYNAMIC_DISPATCH(SpreadPixels)(from.data(), words.size(), words.data());
  const std::size_t row_bytes = 3 * static_cast<std::size_t>(to_side);
  std::vector<std::uint8_t> row(row_bytes + 3 * 16);
  for (int y = 0; y < to_side; ++y) {
    HWY_DYNAMIC_DISPATCH(ChangeRow)(change, words.data(), from_side, y, to_side, row.data());
    if (y >= change.top && y < change.bottom) {
      for (std::int32_t x = change.left; x < change.right; ++x)
        std::ranges::copy(change.paint, row.data() + 3 * x);
    }
    std::memcpy(to.data() + static_cast<std::size_t>(y) * row_bytes, row.data(), row_bytes);
  }
}

PictureChange draw_change(const Augmentation& augmentation, const AugmentationKey& key, int from_side,
                          int to_side) {
  const PictureRandom random(key.seed, key.epoch, key.number, RandomPurpose::augmentation);
  return draw_change(augmentation, random, from_side, to_side);
}

void augment_picture(const Augmentation& augmentation, const AugmentationKey& key,
                     std::span<const std::uint8_t> from, int from_side, std::span<std::uint8_t> to,
                     int to_side) {
  change_picture(draw_change(augmentation, key, from_side, to_side), from, from_side, to, to_side);
}

}  // namespace bart
#endif  // HWY_ONCE
