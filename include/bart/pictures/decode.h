#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bart/pictures/picture.h"
#include "bart/platform/error.h"
#include "bart/platform/fuzzing.h"

namespace bart {

/// Thrown for a file that is not a picture, that is broken, or that exceeds the limits. what() is a reason
/// without the file's name ("truncated JPEG: …"), which the caller adds.
class PictureError : public Error {
 public:
  using Error::Error;
};

/// Pillow's limit: twice Image.MAX_IMAGE_PIXELS, above which it refuses to open a picture.
inline constexpr std::uint64_t max_pixels = built_for_fuzzing ? 1 << 18 : 178'956'970;

struct DecodeOptions {
  bool apply_exif_orientation = true;      // false: the stored pixels, as the original pipeline read them
  std::uint64_t most_pixels = max_pixels;  // a picture with more is refused; at most max_pixels
};

struct DecodedPicture {
  Picture picture;
  int width = 0,
      height = 0;            // the picture's own size (orientation applied if asked for), before any resizing
  std::string format;        // Pillow's name: "JPEG", "PNG", "WEBP", "BMP", "GIF", …
  std::string mode;          // Pillow's mode before conversion: "RGB", "L", "P", "RGBA", "CMYK", "I;16", …
  int exif_orientation = 1;  // as found in the file, 1 to 8
};

/// Decodes the first frame of a picture file into the pixels that Pillow 13's Image.open(…).convert("RGB")
/// gives. The format is recognized by the content. Throws PictureError, or an Error of another type if this
/// machine has too little memory. Takes no memory for more than `most_pixels` pixels, and at most 1.9 GB for
/// the large pictures of all threads together (docs/pictures.md).
DecodedPicture decode_picture(std::span<const std::uint8_t> file, const DecodeOptions& options = {});

/// The same pixels as resize_picture(decode_picture(file, options).picture, width, height), faster: upright
/// pictures of most formats are resized row by row while they are decoded, and never held as a whole.
DecodedPicture decode_resized(std::span<const std::uint8_t> file, int width, int height,
                              const DecodeOptions& options = {});

/// The versions of this decoder and of the libraries that it uses, on which the decoded pixels of a file
/// depend. Pixels that were stored with other versions may differ from those of decode_resized() now.
std::string decoder_versions();

/// Whether the name ends like a picture that BART reads (any case): .jpg .jpeg .png .webp .bmp .gif …
bool has_picture_extension(std::string_view name);

}  // namespace bart
