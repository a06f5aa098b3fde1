#include "bart/pictures/resize.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "bart/pictures/decode.h"
#include "checked.h"
#include "picture_memory.h"
#include "resample.h"

namespace bart {

Picture resize_picture(const Picture& picture, int width, int height) {
  check_target_size(width, height);
  check_whole(picture);
  if (picture.width == width && picture.height == height) return picture;

  if (RowResampler::memory_of(picture.width, picture.height, width, height) > max_picture_memory)
    throw Error("a picture of " + std::to_string(picture.width) + "x" + std::to_string(picture.height) +
                " cannot be resized to " + std::to_string(width) + "x" + std::to_string(height) +
                ": it takes too much memory");
  Picture resized = new_picture(width, height);
  RowResampler resampler(picture.width, picture.height, width, height, resized.pixels.data());
  resampler.add_rgb_rows(picture.pixels.data(), std::size_t(picture.height));
  return resized;
}

namespace {

/// Every so many rows and columns, as many as leave at least `most` of them where there are more.
Picture thinned(const Picture& picture, int most) {
  const auto width = static_cast<std::size_t>(picture.width),
             height = static_cast<std::size_t>(picture.height);
  const auto step = [most](std::size_t length) {
    return std::max<std::size_t>(1, length / static_cast<std::size_t>(most));
  };
  Picture thin{0, 0, {}};
  for (std::size_t y = 0; y < height; y += step(height)) {
    const std::uint8_t* const row = picture.pixels.data() + 3 * width * y;
    for (std::size_t x = 0; x < width; x += step(width))
      thin.pixels.insert(thin.pixels.end(), row + 3 * x, row + 3 * (x + 1));
    ++thin.height;
  }
  thin.width = static_cast<int>(thin.pixels.size() / 3 / static_cast<std::size_t>(thin.height));
  return thin;
}

}  // namespace

Picture fit_picture(const Picture& picture, int side) {
  check_whole(picture);
  if (side < 1) throw Error("a picture cannot be fitted into a side of " + std::to_string(side));
  const double scale = static_cast<double>(side) / std::max(picture.width, picture.height);
  const auto scaled = [scale](int length) {
    return std::max(1, static_cast<int>(std::lround(scale * length)));
  };
  // Bicubic weights for each of 100 million rows take seconds, and nobody sees them.
  const int most = static_cast<int>(std::min<std::int64_t>(std::int64_t{32} * side, max_pixels));
  if (std::max(picture.width, picture.height) < 2 * std::int64_t{most})
    return resize_picture(picture, scaled(picture.width), scaled(picture.height));
  return resize_picture(thinned(picture, most), scaled(picture.width), scaled(picture.height));
}

}  // namespace bart
