#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bart {

/// For one axis: which input positions an output position is made of, and with what weight.
struct ResampleWeights {
  struct Window {
    int start;  // first input position
    int count;
  };
  std::vector<Window> windows;        // [out]
  std::vector<std::int32_t> weights;  // [out, stride], 22-bit fixed point, zero past a window's count
  std::size_t stride = 0;
};

/// Pillow's antialiased bicubic weights (a = -0.5) from `in` to `out` positions.
ResampleWeights bicubic_weights(int in, int out);

/// Resizes a picture whose rows arrive one by one, from top to bottom, without holding it: a row is added to
/// the few output rows that it takes part in, and those are written as soon as they are complete.
class RowResampler {
 public:
  /// out: [out_height, out_width, 3], complete when in_height rows have been added.
  RowResampler(int in_width, int in_height, int out_width, int out_height, std::uint8_t* out);

  /// A row buffer for add_row is this long, so that windows may run over the end of a row.
  std::size_t row_bytes() const { return in_width_ * 4 + horizontal_.stride * 4 + 64; }

  /// rgbx: [in_width, 4], the fourth byte is ignored, in a buffer of row_bytes().
  void add_row(const std::uint8_t* rgbx);

 private:
  std::int32_t* sums_of(int out_row) { return &sums_[std::size_t(out_row) % open_rows_ * sum_stride_]; }
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
  std::vector<std::uint8_t> last_;     // a row behind them
  int in_row_ = 0;
  int begun_ = 0, written_ = 0;  // output rows
};

/// Spreads [pixels, 3] to [pixels, 4]; the fourth byte is 0.
void rgb_to_rgbx(const std::uint8_t* rgb, std::size_t pixels, std::uint8_t* rgbx);

}  // namespace bart
