#include "bart/augment/augmentation.h"

#include <fmt/format.h>

#include "bart/platform/error.h"

namespace bart {
namespace {

void check_figure(const char* name, double value, double most) {
  if (!(value >= 0 && value <= most)) {
    throw Error(fmt::format("an augmentation with {} {} is not possible: it must be from 0 to {}", name,
                            value, most));
  }
}

void check_range(const char* name, Range range, double least, double most) {
  if (!(range.low >= least && range.low <= range.high && range.high <= most)) {
    throw Error(
        fmt::format("an augmentation with {} from {} to {} is not possible: it must lie within {} to {}",
                    name, range.low, range.high, least, most));
  }
}

}  // namespace

// The bounds also keep every position of a change within 32 bits (draw_change.cpp).
void check_augmentation(const Augmentation& a) {
  check_figure("the mirror's probability", a.mirror, 1);
  check_range("a window", a.window, 0.1, 2);
  check_range("an aspect", a.aspect, 0.5, 2);
  check_figure("a rotation of", a.rotation, 180);
  check_figure("a shear of", a.shear, 45);
  check_figure("a shift of", a.shift, 0.5);
  check_figure("a brightness of", a.brightness, 1);
  check_figure("a contrast of", a.contrast, 1);
  check_figure("a saturation of", a.saturation, 1);
  check_figure("a hue of", a.hue, 0.5);
  check_figure("the erasing's probability", a.erase, 1);
}

Augmentation mild_augmentation(const Augmentation& a) {
  return {.mirror = a.mirror, .window = {(1 + a.window.low) / 2, (1 + a.window.high) / 2}};
}

}  // namespace bart
