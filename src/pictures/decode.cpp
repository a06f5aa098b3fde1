#include "bart/pictures/decode.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <new>
#include <string>
#include <utility>

#include "bart/pictures/resize.h"
#include "checked.h"
#include "decode_jpeg.h"
#include "known_format.h"
#include "orientation.h"
#include "resample.h"

namespace bart {
namespace {

// An upright JPEG, resized while it is decoded.
DecodedPicture decode_jpeg_resized(Bytes file, const JpegHeader& header, int width, int height) {
  check_size(header.width, header.height);
  PictureMemory memory;
  JpegRows rows(file, header, 4);
  memory.claim(rows.coefficient_bytes());
  rows.start();
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
  for (int y = 0; y < header.height; ++y) {
    rows.next(row);
    resampler.add_row(row);
  }
  return decoded;
}

DecodedPicture decode_stored(Bytes file, Decoding& decoding) {
  if (file.empty()) throw PictureError("an empty file");
  const KnownFormat* format = known_format(file);
  if (format == nullptr) throw PictureError("not a picture of a known format");
  if (format->decode == nullptr)
    throw PictureError(std::string(format->name) + " are not supported: " + format->advice);
  return format->decode(file, decoding);
}

// Turns a whole picture upright, where that is wanted.
DecodedPicture turned(DecodedPicture decoded, const DecodeOptions& options) {
  if (options.apply_exif_orientation)
    decoded.picture = oriented(std::move(decoded.picture), decoded.exif_orientation);
  decoded.width = decoded.picture.width;
  decoded.height = decoded.picture.height;
  return decoded;
}

DecodedPicture decode_whole(Bytes file, const DecodeOptions& options) {
  Decoding decoding;
  return turned(decode_stored(file, decoding), options);
}

DecodedPicture decode_and_resize(Bytes file, int width, int height, const DecodeOptions& options) {
  const KnownFormat* format = known_format(file);
  if (format != nullptr && format->decode == decode_jpeg) {
    const JpegHeader header = read_jpeg_header(file);
    if (header.orientation == 1 || !options.apply_exif_orientation)
      return decode_jpeg_resized(file, header, width, height);
  }
  {
    Decoding decoding(width, height);
    DecodedPicture decoded = decode_stored(file, decoding);
    if (!decoding.is_resized()) {
      decoded = turned(std::move(decoded), options);
      decoded.picture = resize_picture(decoded.picture, width, height);
      return decoded;
    }
    if (decoded.exif_orientation == 1 || !options.apply_exif_orientation) {
      decoded.width = decoding.width();
      decoded.height = decoding.height();
      return decoded;
    }
  }
  // The EXIF orientation came after the pixels: the picture is decoded once more, as a whole.
  Decoding decoding;
  DecodedPicture decoded = turned(decode_stored(file, decoding), options);
  decoded.picture = resize_picture(decoded.picture, width, height);
  return decoded;
}

// Turns the exception of a decoder into a reason for the user. A lack of memory may be temporary, so it is
// not a PictureError.
template <typename Decode>
DecodedPicture with_reasons(const DecodeOptions& options, Decode decode) {
  most_pixels_here() = std::min(options.most_pixels, max_pixels);
  try {
    return decode();
  } catch (const SizeError& error) {
    throw PictureError(error.what());
  } catch (const std::bad_alloc&) {
    throw Error("there is not enough memory to decode it");
  }
}

}  // namespace

std::uint64_t& most_pixels_here() {
  thread_local std::uint64_t most = max_pixels;
  return most;
}

DecodedPicture decode_picture(Bytes file, const DecodeOptions& options) {
  return with_reasons(options, [&] { return decode_whole(file, options); });
}

DecodedPicture decode_resized(Bytes file, int width, int height, const DecodeOptions& options) {
  check_target_size(width, height);
  return with_reasons(options, [&] { return decode_and_resize(file, width, height, options); });
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
