#include "bart/pictures/resize.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "bart/pictures/decode.h"
#include "checked.h"
#include "resample.h"

namespace bart {

Picture resize_picture(const Picture& picture, int width, int height) {
  if (width < 1 || height < 1 || std::uint64_t(width) * std::uint64_t(height) > max_pixels)
    throw Error("a picture cannot be resized to " + std::to_string(width) + "x" + std::to_string(height));
  check_whole(picture);
  if (picture.width == width && picture.height == height) return picture;

  Picture resized{width, height, std::vector<std::uint8_t>(std::size_t(width) * std::size_t(height) * 3)};
  RowResampler resampler(picture.width, picture.height, width, height, resized.pixels.data());
  std::vector<std::uint8_t> rgbx(resampler.row_bytes());
  const std::size_t row_length = std::size_t(picture.width) * 3;
  for (int y = 0; y < picture.height; ++y) {
    rgb_to_rgbx(&picture.pixels[std::size_t(y) * row_length], std::size_t(picture.width), rgbx.data());
    resampler.add_row(rgbx.data());
  }
  return resized;
}

Picture fit_picture(const Picture& picture, int side) {
  check_whole(picture);
  const double scale = static_cast<double>(side) / std::max(picture.width, picture.height);
  const auto scaled = [scale](int length) {
    return std::max(1, static_cast<int>(std::lround(scale * length)));
  };
  return resize_picture(picture, scaled(picture.width), scaled(picture.height));
}

}  // namespace bart
