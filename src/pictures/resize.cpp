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

Picture fit_picture(const Picture& picture, int side) {
  check_whole(picture);
  if (side < 1) throw Error("a picture cannot be fitted into a side of " + std::to_string(side));
  const double scale = static_cast<double>(side) / std::max(picture.width, picture.height);
  const auto scaled = [scale](int length) {
    return std::max(1, static_cast<int>(std::lround(scale * length)));
  };
  return resize_picture(picture, scaled(picture.width), scaled(picture.height));
}

}  // namespace bart
