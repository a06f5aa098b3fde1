#pragma once

#include "bart/pictures/decode.h"
#include "checked.h"
#include "decoding.h"

// One decoder per format. Each returns the stored pixels (no orientation applied) of the first frame, or what
// Decoding made of them, and throws PictureError.
namespace bart {

DecodedPicture decode_avif(Bytes file, Decoding& decoding);
DecodedPicture decode_png(Bytes file, Decoding& decoding);
DecodedPicture decode_webp(Bytes file, Decoding& decoding);
DecodedPicture decode_bmp(Bytes file, Decoding& decoding);
DecodedPicture decode_gif(Bytes file, Decoding& decoding);
DecodedPicture decode_ico(Bytes file, Decoding& decoding);
DecodedPicture decode_pnm(Bytes file, Decoding& decoding);
DecodedPicture decode_tiff(Bytes file, Decoding& decoding);

/// A BMP's information header, palette and pixels at `at` in the file, without the file header before them:
/// what BMP and ICO files share. `pixels_at`: where the pixels start, 0: right after the palette. In an
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
Dib decode_dib(Bytes file, const DibOptions& options, Decoding& decoding);

}  // namespace bart
