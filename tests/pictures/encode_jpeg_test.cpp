#include "bart/pictures/encode_jpeg.h"
#include "bart/pictures/resize.h"
#include "bart/platform/error.h"

#include <gtest/gtest.h>

#include "bart/pictures/decode.h"
#include "bart/pictures/resize.h"
#include "bart/platform/error.h"
#include "golden.h"
#include "picture_files.h"

namespace bart {
namespace {

TEST(EncodeJpeg, GivesPillowsBytes) {
  for (const std::vector<std::string>& row : test::read_golden("resize.tsv")) {
    if (row[5] == "0") continue;  // larger than a JPEG can be
    SCOPED_TRACE(row[0] + "x" + row[1] + " to " + row[2] + "x" + row[3]);
    const Picture picture = resize_picture(test::noise(std::stoi(row[0]), std::stoi(row[1])),
                                           std::stoi(row[2]), std::stoi(row[3]));
    const std::vector<std::uint8_t> jpeg = encode_jpeg(picture);
    EXPECT_EQ(std::to_string(jpeg.size()), row[5]);
    EXPECT_EQ(test::crc_of(jpeg), row[6]);
  }
}

TEST(EncodeJpeg, QualitySetsTheSize) {
  const Picture picture = test::noise(64, 64);
  EXPECT_LT(encode_jpeg(picture, 30).size(), encode_jpeg(picture, 75).size());
  EXPECT_LT(encode_jpeg(picture, 75).size(), encode_jpeg(picture, 95).size());
}

TEST(EncodeJpeg, RefusesSizesThatAJpegCannotHold) {
  EXPECT_THROW(encode_jpeg({0, 0, {}}), Error);
  EXPECT_THROW(encode_jpeg({65536, 1, std::vector<std::uint8_t>(65536 * 3)}), Error);
}

TEST(EncodeJpeg, RefusesQualitiesThatThereAreNot) {
  const Picture whole{2, 2, std::vector<std::uint8_t>(12)};
  for (const int quality : {-1, 0, 101}) EXPECT_THROW(encode_jpeg(whole, quality), Error) << quality;
  EXPECT_THROW(fit_picture(whole, 0), Error);
}

}  // namespace
}  // namespace bart
