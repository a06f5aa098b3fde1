#include "bart/pictures/encode_jpeg.h"

// jpeglib.h needs size_t and FILE before it.
#include <cstdio>

#include <jpeglib.h>

#include <csetjmp>
#include <cstdlib>
#include <string>

#include "bart/platform/error.h"
#include "checked.h"

namespace bart {
namespace {

struct Encoder {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  std::jmp_buf on_error;
  char message[JMSG_LENGTH_MAX] = {};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;

  ~Encoder() {
    jpeg_destroy_compress(&jpeg);
    std::free(bytes);
  }

  // False with a message when libjpeg fails. No object with a destructor may live in this frame: an error
  // jumps over it.
  bool run(const Picture& picture, int quality) {
    jpeg.err = jpeg_std_error(&errors);
    jpeg.client_data = this;
    errors.error_exit = [](j_common_ptr common) {
      auto* self = static_cast<Encoder*>(common->client_data);
      common->err->format_message(common, self->message);
      std::longjmp(self->on_error, 1);
    };
    errors.output_message = [](j_common_ptr) {};
    if (setjmp(on_error)) return false;

    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, &size);
    jpeg.image_width = JDIMENSION(picture.width);
    jpeg.image_height = JDIMENSION(picture.height);
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
      // libjpeg takes pointers to non-const and does not write through them.
      auto* row = const_cast<JSAMPLE*>(
          &picture.pixels[std::size_t(jpeg.next_scanline) * std::size_t(picture.width) * 3]);
      jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    return true;
  }
};

}  // namespace

std::vector<std::uint8_t> encode_jpeg(const Picture& picture, int quality) {
  if (picture.width < 1 || picture.height < 1 || picture.width > 65535 || picture.height > 65535)
    throw Error("a JPEG holds 1 to 65535 pixels a side, not " + std::to_string(picture.width) + "x" +
                std::to_string(picture.height));
  check_whole(picture);
  if (quality < 1 || quality > 100)
    throw Error("a JPEG has a quality from 1 to 100, not " + std::to_string(quality));
  Encoder encoder;
  if (!encoder.run(picture, quality)) throw Error(std::string("the JPEG encoder failed: ") + encoder.message);
  return {encoder.bytes, encoder.bytes + encoder.size};
}

}  // namespace bart
