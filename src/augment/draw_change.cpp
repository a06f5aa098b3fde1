#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "bart/augment/picture_change.h"
#include "bart/platform/error.h"

// Uses only additions, multiplications, divisions, square roots and floor, whose results IEEE 754 defines to
// the last bit; the sine of a library may differ between machines.

namespace bart {
namespace {

constexpr double pi = std::numbers::pi;

// Taylor series; for |x| <= pi the first omitted term is below 3e-15.
double sine(double x) {
  double sum = 0;
  for (int k = 25; k >= 3; k -= 2) sum = (1 + sum) * (-x * x / (k * (k - 1)));
  return x * (1 + sum);
}

double cosine(double x) {
  double sum = 0;
  for (int k = 26; k >= 2; k -= 2) sum = (1 + sum) * (-x * x / (k * (k - 1)));
  return 1 + sum;
}

std::int32_t rounded(double value) {
  return static_cast<std::int32_t>(std::floor(value + 0.5));
}

/// Brightness, contrast, saturation and hue are linear, so together they are one matrix and an offset that
/// all three colours share.
void draw_colours(const Augmentation& a, PictureRandom& random, PictureChange& change) {
  const double brightness = random.between(1 - a.brightness, 1 + a.brightness);
  const double contrast = random.between(1 - a.contrast, 1 + a.contrast);
  const double saturation = random.between(1 - a.saturation, 1 + a.saturation);
  const double turn = 2 * pi * random.between(-a.hue, a.hue);

  // Hue rotates the two differences red - grey and blue - grey, scaled as in PAL's YUV, and saturation scales
  // them. Grey is the luma of ITU-R BT.601.
  constexpr double luma[3] = {0.299, 0.587, 0.114};
  constexpr double u_of_blue = 0.492, v_of_red = 0.877;
  const double along = saturation * cosine(turn);
  const double across = saturation * sine(turn);
  for (int from = 0; from < 3; ++from) {
    const double grey = luma[from];
    const double red = (from == 0 ? 1 : 0) - grey;
    const double blue = (from == 2 ? 1 : 0) - grey;
    const double turned_red = along * red + across * (u_of_blue / v_of_red) * blue;
    const double turned_blue = along * blue - across * (v_of_red / u_of_blue) * red;
    const double turned_green = -(luma[0] * turned_red + luma[2] * turned_blue) / luma[1];
    const double turned[3] = {turned_red, turned_green, turned_blue};
    for (int to = 0; to < 3; ++to) {
      change.colours[static_cast<std::size_t>(3 * to + from)] =
          rounded(4096 * (contrast * brightness * (grey + turned[to])));
    }
  }
  change.offset = rounded(4096 * (127.5 * (1 - contrast)));
}

void draw_erasing(const Augmentation& a, PictureRandom& random, int side, PictureChange& change) {
  const bool erase = random.between(0, 1) < a.erase;
  // As in torchvision's RandomErasing, the rectangle covers 2 % to 33 % of the picture, and the ratio of its
  // sides is at most 10 / 3 either way.
  const double area = random.between(0.02, 0.33);
  const double ratio = random.between(0.3, 1);
  const bool upright = random.next() >> 31 != 0;
  const double longer = std::sqrt(area / ratio);
  const double shorter = std::sqrt(area * ratio);
  const auto pixels = [side](double share) { return std::clamp(rounded(share * side), 1, side); };
  const std::int32_t width = pixels(upright ? shorter : longer);
  const std::int32_t height = pixels(upright ? longer : shorter);
  change.left = static_cast<std::int32_t>(random.between(0, side - width + 1));
  change.top = static_cast<std::int32_t>(random.between(0, side - height + 1));
  change.right = erase ? change.left + width : change.left;
  change.bottom = erase ? change.top + height : change.top;
  const std::uint32_t paint = random.next();
  for (std::size_t c = 0; c < 3; ++c) change.paint[c] = static_cast<std::uint8_t>(paint >> (8 * c));
}

}  // namespace

PictureChange draw_change(const Augmentation& a, PictureRandom random, int from_side, int to_side) {
  if (std::min(from_side, to_side) < 1 || std::max(from_side, to_side) > largest_changed_side) {
    throw Error(
        fmt::format("a picture of {0} x {0} cannot be changed into one of {1} x {1}: sides of 1 to {2} can",
                    from_side, to_side, largest_changed_side));
  }
  check_augmentation(a);
  PictureChange change{};
  // A point of the result, relative to the centre and in units of the sides, is mirrored, scaled to the
  // window, sheared, rotated and moved.
  const bool mirrored = random.between(0, 1) < a.mirror;
  const double window = random.between(a.window.low, a.window.high);
  const double stretch = std::sqrt(random.between(a.aspect.low, a.aspect.high));
  const double angle = pi / 180 * random.between(-a.rotation, a.rotation);
  const double slant = pi / 180 * random.between(-a.shear, a.shear);
  const double right = random.between(-a.shift, a.shift);
  const double down = random.between(-a.shift, a.shift);

  const double width = window * stretch * (mirrored ? -1 : 1);
  const double height = window / stretch;
  const double shear = sine(slant) / cosine(slant);
  const double c = cosine(angle), s = sine(angle);
  const double xx = c * width, xy = (c * shear - s) * height;
  const double yx = s * width, yy = (s * shear + c) * height;

  const double first = 0.5 / to_side - 0.5;  // the centre of the first pixel
  const double step = 65536.0 * from_side / to_side;
  change.x0 = rounded(65536 * (from_side * (xx * first + xy * first + right + 0.5) - 0.5));
  change.y0 = rounded(65536 * (from_side * (yx * first + yy * first + down + 0.5) - 0.5));
  change.xx = rounded(xx * step);
  change.xy = rounded(xy * step);
  change.yx = rounded(yx * step);
  change.yy = rounded(yy * step);

  draw_colours(a, random, change);
  draw_erasing(a, random, to_side, change);
  return change;
}

}  // namespace bart
