#include "decoding.h"

#include <algorithm>

#include "checked.h"

namespace bart {
namespace {

constexpr std::size_t pixels_at_once = 4096;  // given to the resampler, where rows are shorter

}  // namespace

void Decoding::claim(std::int64_t width, std::int64_t height, std::uint64_t buffers) {
  check_size(width, height);
  size_ = {int(width), int(height)};
  const std::uint64_t picture = checked_product(width, height, 3);
  // Once it is decoded, the picture may be turned, into another of its size.
  memory_.claim(std::max(checked_sum(picture, buffers), 2 * picture));
}

void Decoding::begin(std::int64_t width, std::int64_t height, std::uint64_t buffers) {
  if (!target_) {
    claim(width, height, buffers);
    picture_ = new_picture(width, height);
    return;
  }
  check_size(width, height);
  size_ = {int(width), int(height)};
  rows_at_once_ = std::max<std::size_t>(pixels_at_once / std::size_t(width), 1);
  const std::uint64_t rows = checked_product(rows_at_once_, width, 3);
  memory_.claim(
      checked_sum(buffers, rows, checked_product(target_->width, target_->height, 3),
                  RowResampler::memory_of(size_.width, size_.height, target_->width, target_->height)));
  picture_ = new_picture(target_->width, target_->height);
  resampler_.emplace(size_.width, size_.height, target_->width, target_->height, picture_.pixels.data());
  rows_.resize(rows);
}

std::uint8_t* Decoding::row() {
  const std::size_t row_bytes = std::size_t(size_.width) * 3;
  return resampler_ ? &rows_[filled_ * row_bytes] : &picture_.pixels[added_ * row_bytes];
}

void Decoding::add_row() {
  ++added_;
  if (resampler_ && ++filled_ == rows_at_once_) flush();
}

void Decoding::flush() {
  resampler_->add_rgb_rows(rows_.data(), filled_);
  filled_ = 0;
}

Picture Decoding::finish() {
  if (resampler_) {
    for (; added_ < std::size_t(size_.height); add_row())
      std::fill_n(row(), std::size_t(size_.width) * 3, std::uint8_t{0});
    flush();
  }
  return std::move(picture_);
}

}  // namespace bart
