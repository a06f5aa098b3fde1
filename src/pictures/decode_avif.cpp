#include <avif/avif.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

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

// The boxes of the ISO base media format in `bytes` (ISO/IEC 14496-12, 4.2): a size of 32 or 64 bits, a name,
// a content.
template <typename Visit>
void for_each_box(Bytes bytes, Visit visit) {
  while (bytes.size() >= 8) {
    const bool large = u32_be(bytes, 0) == 1;
    if (large && bytes.size() < 16) return;
    std::uint64_t size = u32_be(bytes, 0);
    if (large) size = std::uint64_t{u32_be(bytes, 8)} << 32 | u32_be(bytes, 12);
    if (size == 0) size = bytes.size();  // up to the end
    const std::size_t head = large ? 16 : 8;
    if (size < head) return;
    const Bytes box = slice(bytes, 0, size);
    visit({reinterpret_cast<const char*>(bytes.data()) + 4, 4}, box.subspan(head));
    bytes = bytes.subspan(box.size());
  }
}

// libavif looks for each item among all others, so that the tables of a hostile file could keep it busy for
// minutes. A picture of a hundred tiles has tables of some kilobytes.
void check_item_tables(Bytes file) {
  constexpr std::size_t limit = std::size_t{64} << 10;
  const auto check_table = [](std::string_view name, Bytes content) {
    if ((name == "iinf" || name == "iloc" || name == "iref" || name == "ipma") && content.size() > limit)
      throw PictureError("broken AVIF: far more items than a picture needs");
  };
  for_each_box(file, [&](std::string_view name, Bytes content) {
    if (name != "meta") return;
    for_each_box(slice(content, 4), [&](std::string_view part, Bytes inner) {
      check_table(part, inner);
      if (part == "iprp") for_each_box(inner, check_table);
    });
  });
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
  check_item_tables(file);
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
  // The picture's own rotation stands above what EXIF says; XMP is asked where neither says anything.
  if (decoded.exif_orientation == 1 && !orientation_in_exif({image.exif.data, image.exif.size}))
    decoded.exif_orientation =
        stated_orientation({}, {reinterpret_cast<const char*>(image.xmp.data), image.xmp.size});
  return decoded;
}

}  // namespace bart
