// The versions of BART's own decoders and of the libraries that are loaded when the program starts.

// jpeglib.h needs size_t and FILE before it.
#include <cstdio>

#include <avif/avif.h>
#include <jpeglib.h>
#include <tiffio.h>
#include <webp/decode.h>

#include "bart/pictures/decode.h"

namespace bart {
namespace {

/// Must be raised by every change of the result of decode_resized() for any file, including the reason of a
/// refusal.
constexpr int own_version = 2;

}  // namespace

std::string decoder_versions() {
  const std::string tiff = TIFFGetVersion();  // "LIBTIFF, Version 4.5.0", and lines on copyright
  // libjpeg-turbo tells its version at build time only.
  return "BART " + std::to_string(own_version) + ", libjpeg-turbo " +
         std::to_string(LIBJPEG_TURBO_VERSION_NUMBER) + ", " + tiff.substr(0, tiff.find('\n')) +
         ", libwebp " + std::to_string(WebPGetDecoderVersion()) + ", libavif " + avifVersion();
}

}  // namespace bart
