#pragma once

#include "bart/pictures/decode.h"
#include "checked.h"

// One decoder a format. Each returns the stored pixels (no orientation applied) of the first frame, and
// throws PictureError.
namespace bart {

DecodedPicture decode_avif(Bytes file);
DecodedPicture decode_png(Bytes file);
DecodedPicture decode_webp(Bytes file);
DecodedPicture decode_bmp(Bytes file);
DecodedPicture decode_gif(Bytes file);
DecodedPicture decode_ico(Bytes file);
DecodedPicture decode_pnm(Bytes file);
DecodedPicture decode_tiff(Bytes file);

/// A BMP's information header, palette and pixels at `at` in the file, without the file header before them:
/// what BMP and ICO files share. `pixels_at`: where the pixels start, 0: right behind the palette. In an
/// icon, the stated height counts a mask below the picture too.
struct DibOptions {
  std::size_t at = 0;
  std::size_t pixels_at = 0;
  bool in_icon = false;
};
struct Dib {
  DecodedPicture decoded;
  std::size_t pixels_at = 0;
};
Dib decode_dib(Bytes file, const DibOptions& options);

}  // namespace bart
