#include "decode_jpeg.h"

// jpeglib.h needs size_t and FILE before it.
#include <cstdio>

#include <jpeglib.h>

#include <csetjmp>
#include <cstring>
#include <vector>

#include "checked.h"
#include "decoding.h"
#include "orientation.h"
#include "unpack.h"

namespace bart {

// Pillow's JpegImagePlugin walks the markers itself before libjpeg sees the file, and refuses what it does
// not expect there; this walk takes and refuses the same.
JpegHeader read_jpeg_header(Bytes file) {
  JpegHeader header;
  std::vector<std::uint8_t> exif;
  std::string xmp;
  std::size_t at = 2;  // after SOI, whose marker the caller has seen
  while (true) {
    while (at < file.size() && file[at] != 0xFF) ++at;
    while (at < file.size() && file[at] == 0xFF) ++at;
    if (at >= file.size()) throw PictureError("truncated JPEG: it ends before its picture data");
    const int marker = file[at++];
    if (marker == 0) continue;
    if (marker < 0xC0) throw PictureError("broken JPEG: an unknown marker before its picture data");
    const bool stands_alone =
        marker == 0xC8 || (marker >= 0xD0 && marker <= 0xD9) || (marker >= 0xF0 && marker <= 0xFD);
    if (stands_alone) continue;

    if (at + 2 > file.size()) throw PictureError("truncated JPEG: it ends before its picture data");
    const std::size_t length = std::max<std::size_t>(u16_be(file, at), 2) - 2;
    at += 2;
    const Bytes segment = slice(file, at, length);
    if (segment.size() < length) throw PictureError("truncated JPEG: it ends before its picture data");
    at += length;

    if (marker == 0xDA) break;
    const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame || marker == 0xDE) {
      if (segment.size() < 6 || (segment.size() - 6) % 3 != 0)
        throw PictureError("broken JPEG: a frame header of a wrong length");
      if (segment[0] != 8)
        throw PictureError(std::to_string(segment[0]) + "-bit JPEG pictures are not supported");
      header.height = int(u16_be(segment, 1));
      header.width = int(u16_be(segment, 3));
      header.components = segment[5];
      if (header.components != 1 && header.components != 3 && header.components != 4)
        throw PictureError("JPEG pictures of " + std::to_string(header.components) +
                           " components are not supported");
    } else if (marker == 0xDB) {
      std::size_t table = 0;
      while (table < segment.size()) table += segment[table] >> 4 ? 129 : 65;
      if (table != segment.size()) throw PictureError("broken JPEG: a quantization table of a wrong length");
    } else if (marker == 0xE1 && starts_with(segment, std::string_view("Exif\0\0", 6))) {
      const Bytes part = exif.empty() ? segment : segment.subspan(6);
      exif.insert(exif.end(), part.begin(), part.end());
    } else if (marker == 0xE1 &&
               starts_with(segment, std::string_view("http://ns.adobe.com/xap/1.0/\0", 29))) {
      xmp.assign(segment.begin() + 29, segment.end());
    } else if (marker == 0xE2 && starts_with(segment, std::string_view("MPF\0", 4))) {
      header.multi_picture = true;
    }
  }
  if (header.components == 0) throw PictureError("broken JPEG: no frame header before its picture data");
  if (header.width == 0 || header.height == 0) throw PictureError("broken JPEG: a picture without pixels");
  header.orientation = stated_orientation(exif, xmp);
  return header;
}

struct JpegRows::State {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::uint64_t visited_blocks = 0;
  jpeg_source_mgr source{};
  std::jmp_buf on_error;
  char message[JMSG_LENGTH_MAX] = {};
  int channels = 3;
  std::vector<std::uint8_t> cmyk;  // a row, for pictures of four components

  ~State() { jpeg_destroy_decompress(&jpeg); }

  // A source that holds the whole file and suspends libjpeg at its end, as Pillow's does: what libjpeg cannot
  // finish with the bytes there are is a truncated picture, while its warnings are ignored.
  void set_source(Bytes file) {
    source.next_input_byte = file.data();
    source.bytes_in_buffer = file.size();
    source.init_source = [](j_decompress_ptr) {};
    source.fill_input_buffer = [](j_decompress_ptr) -> boolean { return FALSE; };
    source.skip_input_data = [](j_decompress_ptr cinfo, long count) {
      const std::size_t skipped = std::min(std::size_t(std::max(count, 0L)), cinfo->src->bytes_in_buffer);
      cinfo->src->next_input_byte += skipped;
      cinfo->src->bytes_in_buffer -= skipped;
    };
    source.resync_to_restart = jpeg_resync_to_restart;
    source.term_source = [](j_decompress_ptr) {};
  }

  void set_error_handler() {
    jpeg.err = jpeg_std_error(&errors);
    jpeg.client_data = this;
    errors.error_exit = [](j_common_ptr common) {
      auto* self = static_cast<State*>(common->client_data);
      common->err->format_message(common, self->message);
      std::longjmp(self->on_error, 1);
    };
    errors.output_message = [](j_common_ptr) {};
  }

  // The three functions that call libjpeg. An error in it jumps back to them over its own frames, so no
  // object with a destructor lives in theirs.
  enum class Outcome { done, suspended, failed };

  Outcome read_header() {
    if (setjmp(on_error)) return Outcome::failed;
    jpeg_create_decompress(&jpeg);
    jpeg.src = &source;
    jpeg.progress = &progress;
    progress.progress_monitor = count_blocks;
    int header = JPEG_HEADER_TABLES_ONLY;
    while (header == JPEG_HEADER_TABLES_ONLY) header = jpeg_read_header(&jpeg, FALSE);
    if (header == JPEG_SUSPENDED) return Outcome::suspended;
    jpeg.out_color_space = jpeg.num_components == 4 ? JCS_CMYK : channels == 4 ? JCS_EXT_RGBX : JCS_RGB;
    return Outcome::done;
  }

  // libjpeg calls this before each row of blocks of a picture that has several scans, while it reads them
  // all.
  static void count_blocks(j_common_ptr common) {
    auto* self = static_cast<State*>(common->client_data);
    const jpeg_decompress_struct& jpeg = self->jpeg;
    self->visited_blocks += std::uint64_t{jpeg.MCUs_per_row} * std::uint64_t(jpeg.blocks_in_MCU);
    if (self->visited_blocks <= max_visited_blocks) return;
    std::strcpy(self->message, "far more scans than its pixels need");
    std::longjmp(self->on_error, 1);
  }

  Outcome start() {
    if (setjmp(on_error)) return Outcome::failed;
    return jpeg_start_decompress(&jpeg) ? Outcome::done : Outcome::suspended;
  }

  Outcome read_row(std::uint8_t* row) {
    if (setjmp(on_error)) return Outcome::failed;
    if (jpeg_read_scanlines(&jpeg, &row, 1) != 1) return Outcome::suspended;
    // After the last row, broken markers are an error, as for Pillow; the end of the file is not.
    if (jpeg.output_scanline == jpeg.output_height) jpeg_finish_decompress(&jpeg);
    return Outcome::done;
  }

  void check(Outcome outcome) const {
    if (outcome == Outcome::suspended)
      throw PictureError("truncated JPEG: the file ends before the picture does");
    if (outcome == Outcome::failed) throw PictureError(std::string("broken JPEG: ") + message);
  }
};

JpegRows::JpegRows(Bytes file, const JpegHeader& header, int channels) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.channels = channels;
  state.set_error_handler();
  state.set_source(file);
  state.check(state.read_header());
  if (int(state.jpeg.image_width) != header.width || int(state.jpeg.image_height) != header.height ||
      state.jpeg.num_components != header.components)
    throw PictureError("broken JPEG: two frame headers that contradict each other");
  if (header.components == 4) state.cmyk.resize(std::size_t(header.width) * 4);
}

JpegRows::~JpegRows() = default;

std::uint64_t JpegRows::coefficient_bytes() const {
  jpeg_decompress_struct& jpeg = state_->jpeg;
  if (!jpeg_has_multiple_scans(&jpeg)) return 0;
  std::uint64_t bytes = 0;
  for (int i = 0; i < jpeg.num_components; ++i)
    bytes += checked_product(jpeg.comp_info[i].width_in_blocks, jpeg.comp_info[i].height_in_blocks,
                             sizeof(JBLOCK));
  return bytes;
}

void JpegRows::start() {
  state_->check(state_->start());
}

void JpegRows::next(std::uint8_t* row) {
  State& state = *state_;
  if (state.cmyk.empty()) return state.check(state.read_row(row));

  state.check(state.read_row(state.cmyk.data()));
  // Adobe's programs store CMYK inverted, and Pillow takes all such files for theirs: 255 is no ink.
  for (std::size_t x = 0; x < state.cmyk.size() / 4; ++x)
    for (std::size_t c = 0; c < 3; ++c)
      row[std::size_t(state.channels) * x + c] =
          without_ink(255 - state.cmyk[4 * x + c], 255 - state.cmyk[4 * x + 3]);
}

DecodedPicture decode_jpeg(Bytes file, Decoding& decoding) {
  const JpegHeader header = read_jpeg_header(file);
  check_size(header.width, header.height);
  JpegRows rows(file, header, 3);
  decoding.claim(header.width, header.height, rows.coefficient_bytes());
  rows.start();
  DecodedPicture decoded;
  decoded.picture = new_picture(header.width, header.height);
  decoded.format = header.format();
  decoded.mode = header.mode();
  decoded.exif_orientation = header.orientation;
  for (int y = 0; y < header.height; ++y)
    rows.next(&decoded.picture.pixels[std::size_t(y) * std::size_t(header.width) * 3]);
  return decoded;
}

}  // namespace bart
