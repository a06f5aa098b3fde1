#include "bart/report/augmentation_sheet.h"

#include <fmt/format.h>

#include <algorithm>

#include "bart/augment/picture_change.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

constexpr int shown_epochs = 7;
constexpr int gap = 4;  // white pixels between two pictures

void paste(const std::vector<std::uint8_t>& pixels, int side, int column, int row, Picture& sheet) {
  const auto row_bytes = static_cast<std::size_t>(side) * 3;
  for (int y = 0; y < side; ++y) {
    const auto at = static_cast<std::size_t>(row * (side + gap) + y) * static_cast<std::size_t>(sheet.width) +
                    static_cast<std::size_t>(column * (side + gap));
    std::copy_n(pixels.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(y) * row_bytes),
                row_bytes, sheet.pixels.begin() + static_cast<std::ptrdiff_t>(3 * at));
  }
}

}  // namespace

Picture augmentation_sheet(const LoadedPictures& pictures, std::span<const std::uint32_t> numbers,
                           const Augmentation& augmentation, int image_size, std::uint32_t seed) {
  if (numbers.size() > pictures.size() || image_size < 1 || image_size > largest_changed_side) {
    throw Error(fmt::format("a sheet of {} pictures with a side of {} cannot be made of {}", numbers.size(),
                            image_size, pictures.size()));
  }
  const int rows = static_cast<int>(numbers.size());
  Picture sheet{
      (1 + shown_epochs) * (image_size + gap) - gap, std::max(1, rows * (image_size + gap) - gap), {}};
  sheet.pixels.assign(3 * static_cast<std::size_t>(sheet.width) * static_cast<std::size_t>(sheet.height),
                      255);
  const auto side = static_cast<std::size_t>(image_size);
  std::vector<std::uint8_t> changed(side * side * 3);
  for (int row = 0; row < rows; ++row) {
    const auto k = static_cast<std::size_t>(row);
    const std::span from(pictures.picture(k), pictures.bytes_each());
    for (int epoch = 0; epoch <= shown_epochs; ++epoch) {
      augment_picture(epoch == 0 ? Augmentation() : augmentation,
                      {seed, static_cast<std::uint32_t>(epoch), numbers[k]}, from, pictures.image_size,
                      changed, image_size);
      paste(changed, image_size, epoch, row, sheet);
    }
  }
  return sheet;
}

}  // namespace bart
