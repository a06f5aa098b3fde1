#include "bart/augment/augmentation.h"

#include <fmt/format.h>

#include "bart/platform/error.h"

namespace bart {
namespace {

void check_figure(const char* name, double value, double most) {
  if (!(value >= 0 && value <= most)) {
    throw Error(fmt::format("an augmentation's {} must be from 0 to {}, not {}", name, most, value));
  }
}

void check_range(const char* name, Range range, double least, double most) {
  if (range.low > range.high) {
    throw Error(
        fmt::format("an augmentation's {} begins at {}, above its end {}", name, range.low, range.high));
  }
  if (!(range.low >= least && range.high <= most)) {
    throw Error(fmt::format("an augmentation's {} must lie within {} to {}, not {} to {}", name, least, most,
                            range.low, range.high));
  }
}

}  // namespace

// The bounds also keep every position of a change within 32 bits (draw_change.cpp).
void check_augmentation(const Augmentation& a) {
  check_figure("probability of a mirror image", a.mirror, 1);
  check_range("window", a.window, 0.1, 2);
  check_range("aspect", a.aspect, 0.5, 2);
  check_figure("rotation", a.rotation, 180);
  check_figure("shear", a.shear, 45);
  check_figure("shift", a.shift, 0.5);
  check_figure("brightness", a.brightness, 1);
  check_figure("contrast", a.contrast, 1);
  check_figure("saturation", a.saturation, 1);
  check_figure("hue", a.hue, 0.5);
  check_figure("probability of erasing", a.erase, 1);
}

Augmentation mild_augmentation(const Augmentation& a) {
  check_augmentation(a);
  return {.mirror = a.mirror, .window = {(1 + a.window.low) / 2, (1 + a.window.high) / 2}};
}

}  // namespace bart
