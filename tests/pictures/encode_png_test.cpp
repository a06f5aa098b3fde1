#include "bart/pictures/encode_png.h"

#include <gtest/gtest.h>

#include "bart/pictures/decode.h"
#include "bart/random/mt19937.h"

namespace bart {
namespace {

TEST(EncodePng, EveryPixelComesBack) {
  Mt19937 generator(7);
  for (const auto& [width, height] : {std::pair(1, 1), {5, 3}, {64, 33}, {1, 200}, {300, 1}}) {
    Picture picture{width, height, {}};
    for (int i = 0; i < width * height * 3; ++i) {
      // Smooth on the left, noise on the right, so that every filter has its turn.
      const bool smooth = i / 3 % width < width / 2;
      picture.pixels.push_back(
          static_cast<std::uint8_t>(smooth ? i / 7 : static_cast<int>(generator.next())));
    }
    const DecodedPicture decoded = decode_picture(encode_png(picture));
    EXPECT_EQ(decoded.format, "PNG");
    EXPECT_EQ(decoded.mode, "RGB");
    EXPECT_EQ(decoded.width, width);
    EXPECT_EQ(decoded.picture.pixels, picture.pixels);
  }
}

TEST(EncodePng, SmoothPicturesAreSmall) {
  Picture picture{256, 256, {}};
  for (int i = 0; i < 256 * 256; ++i) {
    for (int c = 0; c < 3; ++c)
      picture.pixels.push_back(static_cast<std::uint8_t>(i % 256 / 2 + i / 256 / 2));
  }
  EXPECT_LT(encode_png(picture).size(), 4000u);
}

TEST(EncodePng, RefusesAPictureWithoutPixels) {
  EXPECT_THROW(encode_png({}), Error);
}

}  // namespace
}  // namespace bart
