#include <webp/decode.h>
#include <webp/demux.h>

#include <cstring>
#include <memory>

#include "formats.h"
#include "orientation.h"

namespace bart {
namespace {

struct Delete {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};

// The first chunk of this name; empty where there is none.
Bytes chunk(const WebPDemuxer* demuxer, const char* name) {
  WebPChunkIterator at;
  Bytes content;
  if (WebPDemuxGetChunk(demuxer, name, 1, &at)) content = {at.chunk.bytes, at.chunk.size};
  WebPDemuxReleaseChunkIterator(&at);
  return content;
}

// Decodes the first frame into its place in the picture.
void decode_frame(const WebPDemuxer* demuxer, Picture& picture) {
  WebPIterator frame;
  struct Release {
    WebPIterator* frame;
    ~Release() { WebPDemuxReleaseIterator(frame); }
  } const release{&frame};
  if (!WebPDemuxGetFrame(demuxer, 1, &frame)) throw PictureError("broken WebP: it has no first frame");
  if (frame.x_offset < 0 || frame.y_offset < 0 || frame.width < 1 || frame.height < 1 ||
      std::int64_t(frame.x_offset) + frame.width > picture.width ||
      std::int64_t(frame.y_offset) + frame.height > picture.height)
    throw PictureError("broken WebP: a frame that is larger than the picture");
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) throw PictureError("libwebp cannot be started");
  const std::size_t stride = std::size_t(picture.width) * 3;
  const std::size_t at = std::size_t(frame.y_offset) * stride + std::size_t(frame.x_offset) * 3;
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = &picture.pixels[at];
  config.output.u.RGBA.stride = int(stride);
  config.output.u.RGBA.size = picture.pixels.size() - at;
  if (WebPDecode(frame.fragment.bytes, frame.fragment.size, &config) != VP8_STATUS_OK)
    throw PictureError("broken WebP: the first frame cannot be decoded");
}

}  // namespace

// As Pillow, which takes every WebP for an animation and lays its first frame on an empty canvas. libwebp's
// decoder of animations does the same, but holds two canvases of four bytes per pixel.
DecodedPicture decode_webp(Bytes file, Decoding& decoding) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(file.data(), file.size(), &features);
  if (status == VP8_STATUS_NOT_ENOUGH_DATA)
    throw PictureError("truncated WebP: the file ends before the picture does");
  if (status != VP8_STATUS_OK) throw PictureError("broken WebP: its header makes no sense");
  check_size(features.width, features.height);

  const WebPData data{file.data(), file.size()};
  const std::unique_ptr<WebPDemuxer, Delete> demuxer(WebPDemux(&data));
  if (!demuxer) throw PictureError("broken or truncated WebP");
  if (WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH) != std::uint32_t(features.width) ||
      WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT) != std::uint32_t(features.height))
    throw PictureError("broken WebP: two sizes that contradict each other");

  // The decoder of lossless pictures holds four bytes per pixel, that of lossy ones a few rows and the alpha
  // channel.
  decoding.claim(features.width, features.height, checked_product(features.width, features.height, 4));
  DecodedPicture decoded;
  decoded.picture = new_picture(features.width, features.height);
  decode_frame(demuxer.get(), decoded.picture);
  decoded.format = "WEBP";
  decoded.mode = features.has_alpha ? "RGBA" : "RGB";
  const Bytes xmp = chunk(demuxer.get(), "XMP ");
  decoded.exif_orientation = stated_orientation(chunk(demuxer.get(), "EXIF"),
                                                {reinterpret_cast<const char*>(xmp.data()), xmp.size()});
  return decoded;
}

}  // namespace bart
