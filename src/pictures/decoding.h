#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "bart/pictures/picture.h"
#include "picture_memory.h"
#include "resample.h"

namespace bart {

/// Where a decoder puts its picture, and the memory that it may take. A decoder that has the rows in order
/// from top to bottom gives them to a Decoding, which either collects them or resizes them as they come, so
/// that the picture is never held as a whole. Other decoders claim memory and return the whole picture.
class Decoding {
 public:
  /// The picture is wanted as it is.
  Decoding() = default;

  /// The picture is wanted in this size.
  Decoding(int width, int height) : target_(Size{width, height}) {}

  /// Claims the memory of a picture that the decoder collects itself, and of the decoder's other buffers.
  /// Throws PictureError for a size over the limits. To be called once, before the memory is taken; begin()
  /// calls it.
  void claim(std::int64_t width, std::int64_t height, std::uint64_t buffers);

  /// Begins a picture whose rows follow; `buffers`: the bytes that the decoder takes for itself. Throws
  /// PictureError for a size over the limits.
  void begin(std::int64_t width, std::int64_t height, std::uint64_t buffers);

  /// Room for the next row, [width, 3], to be filled and then added.
  std::uint8_t* row();
  void add_row();

  /// The picture, of the wanted size; rows that did not come are black.
  Picture finish();

  /// The size of the picture as stored.
  int width() const { return size_.width; }
  int height() const { return size_.height; }

  /// Whether the picture went through begin() to finish() and has the wanted size.
  bool is_resized() const { return resampler_.has_value(); }

 private:
  struct Size {
    int width = 0, height = 0;
  };
  void flush();

  PictureMemory memory_;
  std::optional<Size> target_;
  Size size_;
  Picture picture_;
  std::optional<RowResampler> resampler_;
  std::vector<std::uint8_t> rows_;  // [rows_at_once_, width, 3], for the resampler
  std::size_t rows_at_once_ = 0, filled_ = 0;
  std::size_t added_ = 0;
};

}  // namespace bart
