#include "bart/pictures/decode.h"

#include <array>
#include <cctype>
#include <utility>

#include "bart/pictures/resize.h"
#include "checked.h"
#include "decode_jpeg.h"
#include "formats.h"
#include "orientation.h"
#include "resample.h"

namespace bart {
namespace {

bool is_jpeg(Bytes file) {
  return starts_with(file, "\xFF\xD8\xFF");
}

bool is_webp(Bytes file) {
  return starts_with(file, "RIFF") && starts_with(slice(file, 8), "WEBPVP8") &&
         (starts_with(slice(file, 15), " ") || starts_with(slice(file, 15), "L") ||
          starts_with(slice(file, 15), "X"));
}

bool is_pnm(Bytes file) {
  return file.size() >= 3 && file[0] == 'P' && file[1] >= '1' && file[1] <= '6';
}

bool is_tiff(Bytes file) {
  using namespace std::string_view_literals;
  for (const std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II\0*"sv, "MM*\0"sv, "II+\0"sv, "MM\0+"sv})
    if (starts_with(file, magic)) return true;
  return false;
}

// The name of a format that BART knows but does not read; null for anything else.
const char* unsupported_format(Bytes file) {
  struct Known {
    std::size_t at;
    std::string_view begins;
    const char* name;
  };
  using namespace std::string_view_literals;
  static constexpr Known known[] = {
      {0, "\xFF\x0A"sv, "JPEG XL pictures"},
      {0, "\0\0\0\x0CJXL \r\n\x87\n"sv, "JPEG XL pictures"},
      {0, "\0\0\0\x0CjP  \r\n\x87\n"sv, "JPEG 2000 pictures"},
      {0, "\xFF\x4F\xFF\x51"sv, "JPEG 2000 pictures"},
      {4, "ftyphei"sv, "HEIC pictures"},
      {4, "ftyphev"sv, "HEIC pictures"},
      {4, "ftypmif1"sv, "HEIF pictures"},
      {4, "ftypmsf1"sv, "HEIF pictures"},
      {4, "ftyp"sv, "MP4 videos"},
      {0, "\0\0\2\0"sv, "cursor (CUR) pictures"},
      {0, "8BPS"sv, "Photoshop files"},
      {0, "gimp xcf"sv, "GIMP files"},
      {0, "qoif"sv, "QOI pictures"},
      {0, "DDS "sv, "DDS textures"},
      {0, "icns"sv, "ICNS icons"},
      {0, "\x76\x2F\x31\x01"sv, "OpenEXR pictures"},
      {0, "#?RADIANCE"sv, "Radiance HDR pictures"},
      {0, "farbfeld"sv, "farbfeld pictures"},
      {0, "SIMPLE  ="sv, "FITS pictures"},
      {0, "%PDF"sv, "PDF files"},
      {0, "%!PS"sv, "PostScript files"},
      {0, "<svg"sv, "SVG drawings"},
      {0, "<?xml"sv, "SVG drawings and other XML files"},
      {0, "\x1A\x45\xDF\xA3"sv, "Matroska and WebM videos"},
      {0, "PK\3\4"sv, "ZIP archives"},
      {0, "\x1F\x8B"sv, "gzip archives"},
  };
  for (const Known& one : known)
    if (starts_with(slice(file, one.at), one.begins)) return one.name;
  return nullptr;
}

DecodedPicture decode_stored(Bytes file) {
  using namespace std::string_view_literals;
  if (file.empty()) throw PictureError("an empty file");
  if (is_jpeg(file)) return decode_jpeg(file);
  if (starts_with(file, "\x89PNG\r\n\x1a\n")) return decode_png(file);
  if (is_webp(file)) return decode_webp(file);
  if (starts_with(file, "BM")) return decode_bmp(file);
  if (starts_with(file, "GIF87a") || starts_with(file, "GIF89a")) return decode_gif(file);
  if (starts_with(file, "\0\0\1\0"sv)) return decode_ico(file);
  if (is_pnm(file)) return decode_pnm(file);
  if (is_tiff(file)) return decode_tiff(file);
  if (starts_with(slice(file, 4), "ftypavif") || starts_with(slice(file, 4), "ftypavis"))
    return decode_avif(file);
  if (const char* name = unsupported_format(file))
    throw PictureError(std::string(name) + " are not supported: convert it to PNG or JPEG");
  throw PictureError("not a picture of a known format");
}

// An upright JPEG, resized while it is decoded.
DecodedPicture decode_jpeg_resized(Bytes file, const JpegHeader& header, int width, int height) {
  check_size(header.width, header.height);
  DecodedPicture decoded;
  decoded.width = header.width;
  decoded.height = header.height;
  decoded.format = header.format();
  decoded.mode = header.mode();
  decoded.exif_orientation = header.orientation;
  decoded.picture = new_picture(width, height);
  RowResampler resampler(header.width, header.height, width, height, decoded.picture.pixels.data());
  // libjpeg-turbo writes rows that are aligned to a vector past the caches, from where the resampler would
  // wait for them. This one never is.
  std::vector<std::uint8_t> buffer(resampler.row_bytes() + 68);
  std::uint8_t* const row =
      buffer.data() + (64 - reinterpret_cast<std::uintptr_t>(buffer.data()) % 64) % 64 + 4;
  JpegRows rows(file, header, 4);
  for (int y = 0; y < header.height; ++y) {
    rows.next(row);
    resampler.add_row(row);
  }
  return decoded;
}

}  // namespace

DecodedPicture decode_picture(Bytes file, const DecodeOptions& options) {
  DecodedPicture decoded = decode_stored(file);
  if (options.apply_exif_orientation)
    decoded.picture = oriented(std::move(decoded.picture), decoded.exif_orientation);
  decoded.width = decoded.picture.width;
  decoded.height = decoded.picture.height;
  return decoded;
}

DecodedPicture decode_resized(Bytes file, int width, int height, const DecodeOptions& options) {
  if (is_jpeg(file)) {
    const JpegHeader header = read_jpeg_header(file);
    if (header.orientation == 1 || !options.apply_exif_orientation)
      return decode_jpeg_resized(file, header, width, height);
  }
  DecodedPicture decoded = decode_picture(file, options);
  decoded.picture = resize_picture(decoded.picture, width, height);
  return decoded;
}

bool has_picture_extension(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string extension(name.substr(dot + 1));
  for (char& c : extension) c = char(std::tolower(static_cast<unsigned char>(c)));
  static constexpr std::array known = {"jpg", "jpeg", "jpe",  "jfif", "mpo", "png", "apng", "webp", "bmp",
                                       "gif", "tif",  "tiff", "avif", "ico", "ppm", "pgm",  "pbm",  "pnm"};
  for (const char* one : known)
    if (extension == one) return true;
  return false;
}

}  // namespace bart
