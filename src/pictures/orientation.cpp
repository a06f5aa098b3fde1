#include "orientation.h"

#include <cstring>
#include <utility>

namespace bart {

int stated_orientation(std::span<const std::uint8_t>, std::string_view) {
  return 1;
}

Picture oriented(Picture picture, int orientation) {
  if (orientation < 2 || orientation > 8) return picture;
  // Where output pixel (x, y) comes from: start + x * step_x + y * step_y, in pixels.
  const std::ptrdiff_t width = picture.width, height = picture.height;
  const bool swapped = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const std::ptrdiff_t start = (from_right ? width - 1 : 0) + (from_bottom ? (height - 1) * width : 0);
  const std::ptrdiff_t along_row = from_right ? -1 : 1;
  const std::ptrdiff_t along_column = from_bottom ? -width : width;
  const std::ptrdiff_t step_x = swapped ? along_column : along_row;
  const std::ptrdiff_t step_y = swapped ? along_row : along_column;

  Picture turned{swapped ? picture.height : picture.width, swapped ? picture.width : picture.height,
                 std::vector<std::uint8_t>(picture.pixels.size())};
  std::uint8_t* out = turned.pixels.data();
  for (int y = 0; y < turned.height; ++y) {
    std::ptrdiff_t from = start + y * step_y;
    for (int x = 0; x < turned.width; ++x, from += step_x, out += 3)
      std::memcpy(out, &picture.pixels[std::size_t(from) * 3], 3);
  }
  return turned;
}

}  // namespace bart
