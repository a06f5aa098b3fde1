#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bart {

/// Pillow's antialiased bicubic weights (a = -0.5) along one axis, from `in` to `out` positions: which input
/// positions an output position is made of, and with what weight. They are kept in a table where that is
/// small, and otherwise computed when they are asked for: an axis of 100 million positions has 400 million
/// weights.
class ResampleWeights {
 public:
  struct Window {
    int start;  // first input position
    int count;
  };

  ResampleWeights(int in, int out);

  int out() const { return out_; }
  Window window(int i) const { return windows_.empty() ? computed_window(i) : windows_[std::size_t(i)]; }

  /// The longest window's count, rounded up to a multiple of 4.
  std::size_t stride() const { return stride_; }

  /// [out, stride], 22-bit fixed point, zero past a window's count; empty where it would be too large.
  const std::vector<std::int32_t>& table() const { return table_; }

  /// What the weights of window i add up to before they are normalized.
  double sum_of(int i) const;

  /// The weights from the window's position `first` on, `count` of them, in fixed point. `sum`: sum_of(i).
  void weights(int i, double sum, int first, int count, std::int32_t* weights) const;

  /// [out] where there is a table.
  const std::vector<Window>& windows() const { return windows_; }

 private:
  Window computed_window(int i) const;

  int in_, out_;
  double scale_, support_, inverse_filter_scale_;
  std::size_t stride_ = 0;
  std::vector<std::int32_t> table_;
  std::vector<Window> windows_;
};

/// Resizes a picture whose rows arrive from top to bottom, without holding it: a row is added to the few
/// output rows that it takes part in, and those are written as soon as they are complete.
class RowResampler {
 public:
  /// out: [out_height, out_width, 3], complete when in_height rows have been added.
  RowResampler(int in_width, int in_height, int out_width, int out_height, std::uint8_t* out);

  /// A row buffer for add_row is this long, so that windows may run over the end of a row.
  std::size_t row_bytes() const { return in_width_ * 4 + horizontal_.stride() * 4 + 64; }

  /// rgbx: [in_width, 4], the fourth byte is ignored, in a buffer of row_bytes().
  void add_row(const std::uint8_t* rgbx);

  /// rgb: [count, in_width, 3]. The way for any picture that need not be fast as a JPEG: it takes no more
  /// memory for a row of any width.
  void add_rgb_rows(const std::uint8_t* rgb, std::size_t count);

  /// The memory that such a resampler takes at most, in bytes.
  static std::uint64_t memory_of(int in_width, int in_height, int out_width, int out_height);

 private:
  std::int32_t* sums_of(int out_row) { return &sums_[std::size_t(out_row) % open_rows_ * sum_stride_]; }
  const std::int32_t* vertical_weights(int out_row, std::size_t tap, std::size_t& count);
  void open_rows_until(int in_row);
  void add_to_sums(const std::uint8_t* rows, std::size_t count);
  void resample_wide_row(const std::uint8_t* row, std::size_t channels, std::uint8_t* out);
  void write_row(int out_row);

  std::size_t in_width_;
  int out_height_;
  std::size_t out_row_bytes_;
  std::uint8_t* out_;
  ResampleWeights horizontal_, vertical_;
  // Pillow resamples the rows first, except where the height shrinks by more than twice what the width does.
  bool vertical_first_;
  std::size_t sum_row_;                // values that the vertical pass works on in a row
  std::size_t sum_stride_;             // the same, rounded up to whole vectors
  std::size_t open_rows_;              // output rows under way at once, at most
  std::vector<std::int32_t> sums_;     // [open_rows_, sum_stride_], output row y at y mod open_rows_
  std::vector<std::uint8_t> between_;  // a row between the two passes
  std::vector<std::uint8_t> last_;     // a row after them
  std::vector<std::uint8_t> rgbx_;     // rows of add_rgb_rows
  int in_row_ = 0;
  int begun_ = 0, written_ = 0;  // output rows

  // Where the vertical weights have no table: a block of them for each output row under way.
  struct Block {
    double sum = 0;
    std::size_t first = 0, end = 0;  // taps
  };
  std::vector<Block> blocks_;  // [open_rows_]
  std::size_t block_size_ = 0;
  std::vector<std::int32_t> block_weights_;  // [open_rows_, block_size_]
};

}  // namespace bart
