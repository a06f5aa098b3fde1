#include <webp/decode.h>
#include <webp/demux.h>

#include <cstring>
#include <memory>

#include "formats.h"
#include "orientation.h"
#include "unpack.h"

namespace bart {
namespace {

struct Delete {
  void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
};

// The first chunk of this name; empty where there is none.
Bytes chunk(const WebPAnimDecoder* decoder, const char* name) {
  WebPChunkIterator at;
  Bytes content;
  if (WebPDemuxGetChunk(WebPAnimDecoderGetDemuxer(decoder), name, 1, &at))
    content = {at.chunk.bytes, at.chunk.size};
  WebPDemuxReleaseChunkIterator(&at);
  return content;
}

}  // namespace

// As Pillow: every WebP goes through the animation decoder, which lays the first frame on the canvas.
DecodedPicture decode_webp(Bytes file) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(file.data(), file.size(), &features);
  if (status == VP8_STATUS_NOT_ENOUGH_DATA)
    throw PictureError("truncated WebP: the file ends before the picture does");
  if (status != VP8_STATUS_OK) throw PictureError("broken WebP: its header makes no sense");
  DecodedPicture decoded;
  decoded.picture = new_picture(features.width, features.height);

  const WebPData data{file.data(), file.size()};
  const std::unique_ptr<WebPAnimDecoder, Delete> decoder(WebPAnimDecoderNew(&data, nullptr));
  WebPAnimInfo info;
  if (!decoder || !WebPAnimDecoderGetInfo(decoder.get(), &info))
    throw PictureError("broken or truncated WebP");
  if (std::int64_t(info.canvas_width) != features.width ||
      std::int64_t(info.canvas_height) != features.height)
    throw PictureError("broken WebP: two sizes that contradict each other");
  std::uint8_t* canvas = nullptr;  // [height, width, 4], the decoder's
  int timestamp = 0;
  if (!WebPAnimDecoderGetNext(decoder.get(), &canvas, &timestamp))
    throw PictureError("broken WebP: the first frame cannot be decoded");

  unpack_row(Packing::rgba8, canvas, decoded.picture.pixels.size() / 3, {}, decoded.picture.pixels.data());
  decoded.format = "WEBP";
  decoded.mode = features.has_alpha ? "RGBA" : "RGB";
  const Bytes xmp = chunk(decoder.get(), "XMP ");
  decoded.exif_orientation = stated_orientation(chunk(decoder.get(), "EXIF"),
                                                {reinterpret_cast<const char*>(xmp.data()), xmp.size()});
  return decoded;
}

}  // namespace bart
