#pragma once

#include "raster.h"

namespace bart {

/// Draws on a canvas in other coordinates than pixels, inside a clip if there is one.
struct Pen {
  Canvas& canvas;
  Affine map;
  const Coverage* clip = nullptr;

  void fill(const Path& path, const Paint& paint) const {
    canvas.paint(canvas.cover(path, map), paint, map, clip);
  }
  void fill(const Path& path, Color color, float alpha = 1) const { fill(path, Paint::plain(color, alpha)); }
};

/// The colour of the line around a shape of this colour.
inline Color ink(Color color) {
  return mix(color, rgb(0x1A1020), 0.72f);
}

}  // namespace bart
