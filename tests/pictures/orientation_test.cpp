#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "bart/pictures/decode.h"
#include "picture_files.h"

namespace bart {
namespace {

// A JPEG with this APP1 content after its first marker.
int orientation_with(std::string app1) {
  test::FileBytes file = test::bytes_of(test::small_pictures / "420.jpg");
  const std::size_t length = app1.size() + 2;
  app1.insert(0, {char(0xFF), char(0xE1), char(length >> 8), char(length & 255)});
  file.insert(file.begin() + 2, app1.begin(), app1.end());
  return decode_picture(file).exif_orientation;
}

using namespace std::string_literals;

// "Exif", a little-endian TIFF header, and these directory entries.
std::string exif(int entries, const std::string& content) {
  return "Exif\0\0II*\0\x08\0\0\0"s + char(entries) + "\0"s + content + "\0\0\0\0"s;
}

TEST(Orientation, IsReadFromWholeNumbersOfAnyType) {
  EXPECT_EQ(orientation_with(exif(1, "\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"s)), 6);  // SHORT
  EXPECT_EQ(orientation_with(exif(1, "\x12\x01\x04\0\x01\0\0\0\x06\0\0\0"s)), 6);  // LONG
  EXPECT_EQ(orientation_with(exif(1, "\x12\x01\x08\0\x01\0\0\0\x06\0\0\0"s)), 6);  // SSHORT
  EXPECT_EQ(orientation_with(exif(1, "\x12\x01\x07\0\x01\0\0\0\x06\0\0\0"s)), 1);  // UNDEFINED is none
  EXPECT_EQ(orientation_with("Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"s), 6);
}

TEST(Orientation, ValuesOutOfRangeMeanUpright) {
  EXPECT_EQ(orientation_with(exif(1, "\x12\x01\x03\0\x01\0\0\0\x00\0\0\0"s)), 1);
  EXPECT_EQ(orientation_with(exif(1, "\x12\x01\x03\0\x01\0\0\0\x09\0\0\0"s)), 1);
  EXPECT_EQ(orientation_with(exif(1, "\x12\x01\x03\0\x01\0\0\0\xFF\xFF\0\0"s)), 1);
}

TEST(Orientation, BrokenExifIsPassedOver) {
  for (const std::string& block :
       {"Exif\0\0"s, "Exif\0\0II"s, "Exif\0\0XX*\0\x08\0\0\0"s, "Exif\0\0II*\0\xFF\xFF\xFF\xFF"s,
        "Exif\0\0II*\0\x08\0\0\0\xFF\xFF"s, "Exif\0\0II*\0\x08\0\0\0\x01"s})
    EXPECT_EQ(orientation_with(block), 1);
  // Ten thousand entries are stated, one is there.
  EXPECT_EQ(orientation_with("Exif\0\0II*\0\x08\0\0\0\x10\x27\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"s), 6);
}

TEST(Orientation, XmpCountsIfExifSaysNothing) {
  const std::string xmp = "http://ns.adobe.com/xap/1.0/\0"s;
  EXPECT_EQ(orientation_with(xmp + "<x tiff:Orientation=\"8\"/>"), 8);
  EXPECT_EQ(orientation_with(xmp + "<tiff:Orientation>3</tiff:Orientation>"), 3);
  EXPECT_EQ(orientation_with(xmp + "<tiff:Orientation>x <tiff:Orientation>4"), 4);
  EXPECT_EQ(orientation_with(xmp + "tiff:Orientation"), 1);
  EXPECT_EQ(orientation_with(xmp + "tiff:Orientation=\""), 1);
}

}  // namespace
}  // namespace bart
