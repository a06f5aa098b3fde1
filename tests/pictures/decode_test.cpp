#include "bart/pictures/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "bart/pictures/encode_png.h"
#include "bart/pictures/picture_format.h"
#include "bart/pictures/resize.h"
#include "golden.h"
#include "picture_files.h"

namespace bart {
namespace {

using test::bytes_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string facts(const DecodedPicture& decoded) {
  const Picture& picture = decoded.picture;
  EXPECT_EQ(picture.pixels.size(), std::size_t(picture.width) * std::size_t(picture.height) * 3);
  EXPECT_EQ(decoded.width, picture.width);
  EXPECT_EQ(decoded.height, picture.height);
  return std::to_string(picture.width) + "x" + std::to_string(picture.height) + " " +
         test::crc_of(picture.pixels);
}

std::string error_of(std::span<const std::uint8_t> file) {
  try {
    decode_picture(file);
  } catch (const PictureError& e) {
    return e.what();
  }
  return "no error";
}

std::string error_of(std::string_view file) {
  return error_of(std::span(reinterpret_cast<const std::uint8_t*>(file.data()), file.size()));
}

// Every file of a folder gives the same as with Pillow: pixels as stored and turned upright, format, mode and
// orientation; or a PictureError of one line if Pillow fails.
void expect_pillows_pictures(const std::filesystem::path& folder, const std::string& golden) {
  for (const std::vector<std::string>& row : test::read_golden(golden)) {
    SCOPED_TRACE(row[0]);
    const test::FileBytes file = bytes_of(folder / row[0]);
    if (row[1] == "error") {
      EXPECT_THAT(error_of(file), AllOf(Not("no error"), Not(HasSubstr("\n")), Not("")))
          << "Pillow: " << row[2];
      continue;
    }
    // Pillow converts it with LittleCMS: docs/pictures.md.
    if (row[2] == "LAB") {
      EXPECT_THAT(error_of(file), HasSubstr("LAB color space are not supported"));
      continue;
    }
    try {
      const DecodedPicture stored = decode_picture(file, {.apply_exif_orientation = false});
      EXPECT_EQ(facts(stored), row[3] + "x" + row[4] + " " + row[5]);
      EXPECT_EQ(stored.format, row[1]);
      EXPECT_EQ(stored.mode, row[2]);
      EXPECT_EQ(std::to_string(stored.exif_orientation), row[6]);
      EXPECT_EQ(facts(decode_picture(file)), row[7] + "x" + row[8] + " " + row[9]);
    } catch (const PictureError& e) {
      ADD_FAILURE() << "Pillow decodes it: " << e.what();
    }
  }
}

TEST(Decode, SmallPicturesOfEveryFormatAndModeAreAsPillowDecodesThem) {
  expect_pillows_pictures(test::small_pictures, "small_pictures.tsv");
}

TEST(Decode, OddPicturesAreAsPillowDecodesThem) {
  if (!std::filesystem::exists(test::odd_pictures)) GTEST_SKIP() << "no " << test::odd_pictures;
  expect_pillows_pictures(test::odd_pictures, "odd_pictures.tsv");
}

TEST(Decode, ResizingWhileDecodingGivesTheSamePixels) {
  for (const auto& path : test::files_in(test::small_pictures)) {
    SCOPED_TRACE(path.filename());
    const test::FileBytes file = bytes_of(path);
    if (error_of(file) != "no error") {
      EXPECT_THROW(decode_resized(file, 9, 8), PictureError);
      continue;
    }
    for (const bool upright : {true, false}) {
      const DecodedPicture whole = decode_picture(file, {upright});
      const DecodedPicture resized = decode_resized(file, 9, 8, {upright});
      EXPECT_EQ(resized.picture.pixels, resize_picture(whole.picture, 9, 8).pixels);
      EXPECT_EQ(resized.width, whole.width);
      EXPECT_EQ(resized.height, whole.height);
      EXPECT_EQ(resized.format, whole.format);
      EXPECT_EQ(resized.mode, whole.mode);
      EXPECT_EQ(resized.exif_orientation, whole.exif_orientation);
    }
  }
}

// An axis that keeps its size passes through the resampler unchanged.
TEST(Decode, ResizingWhileDecodingKeepsAnAxisThatHasTheSize) {
  const Picture picture = test::noise(37, 23);
  const std::vector<std::uint8_t> file = encode_png(picture);
  EXPECT_EQ(decode_resized(file, 37, 23).picture.pixels, picture.pixels);
  for (const auto& [width, height] : {std::pair{37, 10}, {12, 23}, {37, 60}, {90, 23}})
    EXPECT_EQ(decode_resized(file, width, height).picture.pixels,
              resize_picture(picture, width, height).pixels);
}

TEST(Decode, ReasonsSayWhatIsWrong) {
  const auto error_in = [](const char* name) { return error_of(bytes_of(test::small_pictures / name)); };
  EXPECT_THAT(error_in("truncated.jpg"), HasSubstr("truncated JPEG"));
  EXPECT_THAT(error_in("truncated.png"), HasSubstr("truncated PNG"));
  EXPECT_THAT(error_in("wrong_checksum.png"), HasSubstr("checksum"));
  EXPECT_THAT(error_in("truncated.webp"), HasSubstr("truncated WebP"));
  EXPECT_THAT(error_in("truncated.bmp"), HasSubstr("truncated BMP"));
  EXPECT_THAT(error_in("truncated.gif"), HasSubstr("truncated GIF"));
  EXPECT_EQ(error_of(""), "an empty file");
  EXPECT_EQ(error_of("Bart was here."), "not a picture of a known format");
}

TEST(Decode, ANegativeWidthIsNamedAsTheFileStatesIt) {
  const auto error_with = [](std::size_t at, std::string_view length) {
    test::FileBytes file = bytes_of(test::small_pictures / "rgb.bmp");
    std::ranges::copy(length, file.begin() + std::ptrdiff_t(at));
    return error_of(file);
  };
  EXPECT_EQ(error_with(18, "\xFE\xFF\xFF\xFF"), "BMP pictures with a width of -2 are not supported");
  EXPECT_EQ(error_with(22, "\xFE\xFF\xFF\xFE"), "BMP pictures with a height of -16777218 are not supported");
  test::FileBytes smallest = bytes_of(test::small_pictures / "rgb.bmp");
  std::fill_n(smallest.begin() + 22, 3, std::uint8_t{0});
  smallest[25] = 0x80;
  EXPECT_EQ(error_of(smallest), "BMP pictures with a height of -2147483648 are not supported");
}

TEST(Decode, FormatsThatAreNotReadAreNamed) {
  using namespace std::string_view_literals;
  EXPECT_EQ(error_of("\xFF\x0A\xFA\x7F"sv), "JPEG XL pictures are not supported: convert it to PNG or JPEG");
  EXPECT_THAT(error_of("\0\0\0\x0CjP  \r\n\x87\n"sv), HasSubstr("JPEG 2000"));
  EXPECT_THAT(error_of("\0\0\0\x18"
                       "ftypheic\0\0\0\0"sv),
              HasSubstr("HEIC"));
  EXPECT_THAT(error_of("<svg xmlns='http://www.w3.org/2000/svg'/>"sv), HasSubstr("SVG"));
}

TEST(Decode, AFormatIsToldByItsFirstBytes) {
  const auto format = [](const test::FileBytes& file) {
    return picture_format_of(std::span(file).first(std::min(file.size(), picture_format_bytes)));
  };
  for (const auto& path : test::files_in(test::small_pictures)) {
    const test::FileBytes file = bytes_of(path);
    if (error_of(file) == "not a picture of a known format" || file.empty()) {
      EXPECT_FALSE(format(file)) << path;
      continue;
    }
    ASSERT_TRUE(format(file)) << path;
    EXPECT_TRUE(format(file)->is_read) << path;
  }
  const auto of_text = [&](std::string_view text) { return format({text.begin(), text.end()}); };
  using namespace std::string_view_literals;
  EXPECT_FALSE(of_text("Bart was here."));
  EXPECT_FALSE(of_text(""));
  EXPECT_EQ(of_text("\xFF\xD8\xFF"sv)->name, "JPEG");
  EXPECT_EQ(of_text("PK\3\4"sv)->name, "ZIP archives");
  EXPECT_FALSE(of_text("PK\3\4"sv)->is_read);
}

// The major brand of such a file says less than the others: "mif1" is a still picture of any codec.
TEST(Decode, HeifFilesAreReadWhereTheyAreAvifAndNamedWhereTheyAreNot) {
  using namespace std::string_view_literals;
  EXPECT_THAT(error_of("\0\0\0\x18"
                       "ftypmif1\0\0\0\0mif1heic"sv),
              AllOf(HasSubstr("HEIC pictures are not supported"), HasSubstr("heif-convert")));
  EXPECT_THAT(error_of("\0\0\0\x14"
                       "ftypmif1\0\0\0\0mif1"sv),
              HasSubstr("HEIF pictures"));
  EXPECT_THAT(error_of("\0\0\0\x14"
                       "ftypmif1\0\0\0\0mif1heic"sv),
              HasSubstr("neither HEIC nor AVIF"));
  EXPECT_THAT(error_of("\0\0\0\x18"
                       "ftypisom\0\0\0\0isomavc1"sv),
              HasSubstr("MP4 videos"));
  EXPECT_THAT(error_of("\0\0\0\x1C"
                       "ftypmiaf\0\0\0\0mif1miafheic"sv),
              HasSubstr("HEIC pictures are not supported"));
  EXPECT_THAT(error_of("\0\0\0\x18"
                       "ftypmiaf\0\0\0\0mif1avif"sv),
              HasSubstr("AVIF pictures of the brand miaf are not supported"));
  EXPECT_THAT(error_of("\0\0\0\x18"
                       "ftypcrx \0\0\0\1crx isom"sv),
              HasSubstr("Canon raw pictures (CR3) are not supported"));
  for (const char* brand : {"mif2", "tmap", "1pic", "avci"}) {
    const auto error_with = [&](std::string_view others) {
      std::string file(3, '\0');
      file += char(16 + others.size());
      file += std::string("ftyp") + brand + std::string(4, '\0');
      return error_of(file += others);
    };
    EXPECT_THAT(error_with("mif1heic"), HasSubstr("HEIC pictures are not supported")) << brand;
    EXPECT_THAT(error_with("mif1avif"), HasSubstr("AVIF pictures of ")) << brand;
    EXPECT_THAT(error_with("mif1"), HasSubstr("neither HEIC nor AVIF")) << brand;
  }
  test::FileBytes avif = bytes_of(test::small_pictures / "rgb.avif");
  const Picture picture = decode_picture(avif).picture;
  std::ranges::copy("mif1"sv, avif.begin() + 8);  // its compatible brands name AVIF too
  EXPECT_EQ(decode_picture(avif).picture.pixels, picture.pixels);
}

// Headers that state more pixels than the limit, in files too short to hold them: refused for their size,
// before memory is taken for it.
TEST(Decode, PicturesOverTheLimitAreRefusedByTheirHeader) {
  using namespace std::string_view_literals;
  const auto big = [](const char* name, std::size_t at, std::string_view size) {
    test::FileBytes file = bytes_of(test::small_pictures / name);
    std::copy(size.begin(), size.end(), file.begin() + std::ptrdiff_t(at));
    return error_of(file);
  };
  EXPECT_THAT(error_of("P5\n13378 13377\n255\n"),
              HasSubstr("more than the limit of 178956970"));               // 178,957,506
  EXPECT_THAT(error_of("P5\n13378 13376\n255\n"), HasSubstr("truncated"));  // 178,944,128
  EXPECT_THAT(big("rgb.bmp", 18, "\x00\x40\x00\x00\x00\x40\x00"sv), HasSubstr("more than the limit"));
  EXPECT_THAT(big("canvas.gif", 6, "\xFF\xFF\xFF\xFF"), HasSubstr("more than the limit"));
  test::FileBytes jpeg = bytes_of(test::small_pictures / "420.jpg");
  constexpr std::uint8_t marker[] = {0xFF, 0xC0};
  const auto frame = std::search(jpeg.begin(), jpeg.end(), std::begin(marker), std::end(marker));
  ASSERT_NE(frame, jpeg.end());
  std::fill(frame + 5, frame + 9, std::uint8_t{0xFF});
  EXPECT_THAT(error_of(jpeg), HasSubstr("more than the limit"));
  EXPECT_THROW(decode_resized(jpeg, 8, 8), PictureError);
}

TEST(Decode, PictureExtensionsAreKnownInAnyCase) {
  for (const char* name : {"a.jpg", "a.JPG", "a.jpeg", "b.b.Png", "x.webp", "x.bmp", "x.gif", "x.tif",
                           "x.tiff", "x.avif", "x.ico", "x.ppm", "x.pgm", "x.pbm", ".jpg"})
    EXPECT_TRUE(has_picture_extension(name)) << name;
  for (const char* name : {"", "jpg", "a.txt", "a.jpg.txt", "a.", "a.jp", "Thumbs.db"})
    EXPECT_FALSE(has_picture_extension(name)) << name;
}

}  // namespace
}  // namespace bart
