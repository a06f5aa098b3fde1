// One target per picture format, which BART_FUZZ_FORMAT names: any bytes are a picture or a PictureError.
#include <cstdint>
#include <string_view>

#include "bart/pictures/decode.h"
#include "bart/pictures/resize.h"
#include "require.h"

namespace {

/// The beginning of every file of the format, so that a target spends its time on its own format.
constexpr std::string_view signature_of(std::string_view format) {
  using namespace std::string_view_literals;
  if (format == "jpeg") return "\xff\xd8\xff"sv;
  if (format == "png") return "\x89PNG\r\n\x1a\n"sv;
  if (format == "webp") return "RIFF"sv;
  if (format == "bmp") return "BM"sv;
  if (format == "gif") return "GIF8"sv;
  if (format == "ico") return "\0\0\1\0"sv;
  if (format == "pnm") return "P"sv;
  return ""sv;  // TIFF has six of them, AVIF begins with a length
}

constexpr std::string_view format = BART_FUZZ_FORMAT;

bool is_of_the_format(std::string_view file) {
  if (format == "tiff") return file.starts_with("II") || file.starts_with("MM");
  if (format == "avif")
    return file.substr(0, 12).ends_with("ftypavif") || file.substr(0, 12).ends_with("ftypavis");
  return file.starts_with(signature_of(format));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span file(data, size);
  if (!is_of_the_format({reinterpret_cast<const char*>(data), size})) return 0;
  try {
    const bart::DecodedPicture decoded = bart::decode_picture(file);
    const bart::Picture& picture = decoded.picture;
    REQUIRE(decoded.width == picture.width && decoded.height == picture.height);
    REQUIRE(picture.pixels.size() == std::size_t(picture.width) * std::size_t(picture.height) * 3);
    REQUIRE(decoded.exif_orientation >= 1 && decoded.exif_orientation <= 8);
    // Most formats take another path here, row by row.
    REQUIRE(bart::decode_resized(file, 16, 16).picture.pixels ==
            bart::resize_picture(picture, 16, 16).pixels);
  } catch (const bart::PictureError& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
