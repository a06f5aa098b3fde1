#include <avif/avif.h>

#include <memory>
#include <string>

#include "avif_work.h"
#include "formats.h"
#include "orientation.h"
#include "unpack.h"

namespace bart {
namespace {

struct Destroy {
  void operator()(avifDecoder* decoder) const { avifDecoderDestroy(decoder); }
};

void check(avifResult result) {
  if (result == AVIF_RESULT_OK) return;
  const bool truncated = result == AVIF_RESULT_TRUNCATED_DATA;
  throw PictureError(std::string(truncated ? "truncated AVIF: " : "broken AVIF: ") +
                     avifResultToString(result));
}

// Whether the picture is mirrored left with right (1), or top with bottom (0). libavif 1.0 calls `axis` what
// was `mode` before.
template <typename Mirroring>
int mirror_axis(const Mirroring& imir) {
  if constexpr (requires { imir.axis; }) {
    return imir.axis & 1;
  } else {
    return imir.mode & 1;
  }
}

// The EXIF orientation that does what the file's rotation (irot, counterclockwise, first) and mirroring
// (imir) ask for.
int orientation_of(const avifImage& image) {
  const int angle = image.transformFlags & AVIF_TRANSFORM_IROT ? image.irot.angle : 0;
  if (!(image.transformFlags & AVIF_TRANSFORM_IMIR)) {
    static constexpr int rotated[] = {1, 8, 3, 6};
    return rotated[angle & 3];
  }
  static constexpr int mirrored[2][4] = {{4, 5, 2, 7}, {2, 7, 4, 5}};  // top with bottom, left with right
  return mirrored[mirror_axis(image.imir)][angle & 3];
}

// What libavif and the codec take beside the RGB picture: the planes, twice where the picture is made of
// tiles, and RGBA where there is alpha.
std::uint64_t buffer_bytes(const avifDecoder& decoder) {
  const avifImage& image = *decoder.image;
  const std::uint64_t samples =
      (image.yuvFormat == AVIF_PIXEL_FORMAT_YUV400 ? 1 : 3) + (decoder.alphaPresent ? 1 : 0);
  const std::uint64_t bytes = image.depth > 8 ? 2 : 1;
  // Subsampled chroma takes less; then what is too much here stands for the tiles.
  const std::uint64_t planes = checked_product(image.width, image.height, samples, bytes);
  return checked_sum(planes, image.yuvFormat == AVIF_PIXEL_FORMAT_YUV444 ? planes : 0,
                     decoder.alphaPresent ? checked_product(image.width, image.height, 4) : 0);
}

}  // namespace

DecodedPicture decode_avif(Bytes file, Decoding& decoding) {
  check_avif_work(file);
  const std::unique_ptr<avifDecoder, Destroy> decoder(avifDecoderCreate());
  if (!decoder) throw PictureError("libavif cannot be started");
  decoder->maxThreads = 1;
  decoder->imageSizeLimit = std::min<std::uint64_t>(max_pixels, decoder->imageSizeLimit);
  decoder->strictFlags &= ~avifStrictFlags(AVIF_STRICT_CLAP_VALID | AVIF_STRICT_PIXI_REQUIRED);
  check(avifDecoderSetIOMemory(decoder.get(), file.data(), file.size()));
  check(avifDecoderParse(decoder.get()));
  check_size(decoder->image->width, decoder->image->height);
  decoding.claim(decoder->image->width, decoder->image->height, buffer_bytes(*decoder));
  check(avifDecoderNthImage(decoder.get(), 0));

  const avifImage& image = *decoder->image;
  DecodedPicture decoded;
  decoded.picture = new_picture(image.width, image.height);
  avifRGBImage rgb;
  avifRGBImageSetDefaults(&rgb, &image);
  rgb.depth = 8;
  // With alpha, libavif converts in another way: through RGBA, as Pillow asks it to.
  const bool alpha = decoder->alphaPresent;
  rgb.format = alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
  rgb.rowBytes = std::uint32_t(checked_product(image.width, alpha ? 4 : 3));
  std::vector<std::uint8_t> rgba(alpha ? checked_product(rgb.rowBytes, image.height) : 0);
  rgb.pixels = alpha ? rgba.data() : decoded.picture.pixels.data();
  check(avifImageYUVToRGB(&image, &rgb));
  if (alpha) unpack_row(Packing::rgba8, rgba.data(), rgba.size() / 4, {}, decoded.picture.pixels.data());

  decoded.format = "AVIF";
  decoded.mode = alpha ? "RGBA" : image.yuvFormat == AVIF_PIXEL_FORMAT_YUV400 ? "L" : "RGB";
  decoded.exif_orientation = orientation_of(image);
  // The picture's own rotation overrides EXIF; XMP counts only if neither says anything.
  if (decoded.exif_orientation == 1 && !orientation_in_exif({image.exif.data, image.exif.size}))
    decoded.exif_orientation =
        stated_orientation({}, {reinterpret_cast<const char*>(image.xmp.data), image.xmp.size});
  return decoded;
}

}  // namespace bart
