#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "bart/pictures/decode.h"

namespace bart {

/// What the markers before a JPEG's first scan say, read as Pillow reads them.
struct JpegHeader {
  int width = 0, height = 0;
  int components = 0;  // 1 (mode L), 3 (RGB) or 4 (CMYK)
  int orientation = 1;
  bool multi_picture = false;  // an MPO: more JPEGs follow the first

  std::string format() const { return multi_picture ? "MPO" : "JPEG"; }
  std::string mode() const { return components == 1 ? "L" : components == 3 ? "RGB" : "CMYK"; }
};
JpegHeader read_jpeg_header(std::span<const std::uint8_t> file);

/// The blocks of 8x8 that the scans of a picture may visit in all. The largest picture with as many scans as
/// common encoders make takes two fifths of it; a file of a megabyte could have thousands of scans, each of
/// which goes through all of a picture.
inline constexpr std::uint64_t max_visited_blocks = 100'000'000;

/// Decodes a JPEG row by row from top to bottom, with libjpeg's defaults.
class JpegRows {
 public:
  /// `file` must stay valid. Rows have `channels` bytes per pixel: 3 (RGB) or 4 (RGB and a byte to ignore).
  JpegRows(std::span<const std::uint8_t> file, const JpegHeader& header, int channels);
  ~JpegRows();

  /// The memory that start() takes: all coefficients of a picture that comes in several scans, otherwise
  /// nearly none.
  std::uint64_t coefficient_bytes() const;

  /// Reads up to the first row. Throws PictureError where the file is broken, ends too soon, or has far more
  /// scans than any encoder makes.
  void start();

  /// row: [width, channels]. Throws PictureError where the file is broken or ends too soon.
  void next(std::uint8_t* row);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

DecodedPicture decode_jpeg(std::span<const std::uint8_t> file, class Decoding& decoding);

}  // namespace bart
