#include "bart/inspect/thumbnail.h"

#include <algorithm>

#include "bart/dataset/read_picture_file.h"
#include "bart/html/html.h"
#include "bart/pictures/decode.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/error.h"

namespace bart {

Thumbnail thumbnail_of(const std::filesystem::path& file, int width, int height, int most_width,
                       int most_height, bool apply_exif_orientation) {
  const double scale =
      std::min({1.0, static_cast<double>(most_height) / height, static_cast<double>(most_width) / width});
  Thumbnail thumbnail{std::max(1, static_cast<int>(scale * width + 0.5)),
                      std::max(1, static_cast<int>(scale * height + 0.5)),
                      {}};
  try {
    const DecodedPicture decoded = decode_resized(read_picture_file(file), thumbnail.width, thumbnail.height,
                                                  {.apply_exif_orientation = apply_exif_orientation});
    thumbnail.jpeg = base64(encode_jpeg(decoded.picture, 80));
  } catch (const Error&) {  // changed since its size was read
  }
  return thumbnail;
}

}  // namespace bart
