#include "orientation.h"

#include <cstring>
#include <utility>

#include "checked.h"
#include "tiff_tags.h"

namespace bart {
namespace {

constexpr std::uint32_t kOrientationTag = 0x0112;

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
  const TiffDirectory directory(exif);
  if (!directory.has(kOrientationTag)) return std::nullopt;
  return directory.number(kOrientationTag, 0);  // 0: there, but no whole number
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
