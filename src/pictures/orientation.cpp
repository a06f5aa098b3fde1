#include "orientation.h"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "checked.h"

namespace bart {
namespace {

constexpr std::uint32_t kOrientationTag = 0x0112;

// Bytes of one value of a TIFF type; 0 for types that there are not.
std::uint64_t size_of_type(std::uint32_t type) {
  static constexpr std::uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8};
  return type < std::size(sizes) ? sizes[type] : 0;
}

// The orientation in the first directory of a TIFF structure, read as Pillow's ImageFileDirectory_v2 reads
// it: values that lie elsewhere must fit in the file, and a read behind its end is the end of the directory.
std::optional<std::int64_t> orientation_in_tiff(Bytes tiff) {
  const bool little = starts_with(tiff, "II");
  if ((!little && !starts_with(tiff, "MM")) || tiff.size() < 8) return std::nullopt;
  const auto u16 = [&](Bytes bytes, std::size_t at) {
    return little ? u16_le(bytes, at) : u16_be(bytes, at);
  };
  const auto u32 = [&](Bytes bytes, std::size_t at) {
    return little ? u32_le(bytes, at) : u32_be(bytes, at);
  };

  const Bytes directory = slice(tiff, u32(tiff, 4));
  if (directory.size() < 2) return std::nullopt;
  const std::size_t entries = u16(directory, 0);
  std::uint64_t outside = 0;
  for (std::size_t i = 0; i < entries; ++i) {
    const Bytes entry = slice(directory, 2 + 12 * i, 12);
    if (entry.size() < 12) return std::nullopt;
    const std::uint32_t type = u16(entry, 2);
    const std::uint64_t size = size_of_type(type) * u32(entry, 4);
    if (size == 0) continue;
    Bytes value = slice(entry, 8, size);
    if (size > 4) {
      outside += size;
      if (outside > tiff.size()) continue;
      value = slice(tiff, u32(entry, 8), size);
      if (value.size() < size) return std::nullopt;
    }
    if (u16(entry, 0) != kOrientationTag) continue;
    switch (type) {
      case 3:
        return u16(value, 0);
      case 4:
      case 13:
        return u32(value, 0);
      case 6:
        return std::int8_t(value[0]);
      case 8:
        return std::int16_t(u16(value, 0));
      case 9:
        return std::int32_t(u32(value, 0));
      default:
        return 0;  // there, but no whole number
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> orientation_in_xmp(std::string_view xmp) {
  constexpr std::string_view name = "tiff:Orientation";
  for (std::size_t at = xmp.find(name); at != std::string_view::npos; at = xmp.find(name, at + 1)) {
    std::string_view rest = xmp.substr(at + name.size());
    const std::size_t skip = rest.starts_with("=\"") ? 2 : rest.starts_with(">") ? 1 : 0;
    if (skip && rest.size() > skip && rest[skip] >= '0' && rest[skip] <= '9') return rest[skip] - '0';
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> orientation_in_exif(Bytes exif) {
  for (int i = 0; i < 2 && starts_with(exif, std::string_view("Exif\0\0", 6)); ++i) exif = exif.subspan(6);
  return orientation_in_tiff(exif);
}

int stated_orientation(Bytes exif, std::string_view xmp) {
  std::optional<std::int64_t> stated = orientation_in_exif(exif);
  if (!stated) stated = orientation_in_xmp(xmp);
  return stated && *stated >= 1 && *stated <= 8 ? int(*stated) : 1;
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
