#include "validation_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "bart/engine/softmax.h"
#include "bart/explain/contact_sheet.h"
#include "bart/platform/error.h"

namespace bart {

Picture confusion_picture(const ConfusionMatrix& matrix) {
  const auto n = static_cast<int>(matrix.classes);
  const int cell = std::max(1, 630 / std::max(n, 1)), side = n * cell;
  Picture picture{side, side, {}};
  picture.pixels.assign(3 * static_cast<std::size_t>(side) * static_cast<std::size_t>(side), 255);
  constexpr std::array<double, 3> right = {37, 99, 196}, wrong = {201, 58, 30};
  for (int truth = 0; truth < n; ++truth) {
    const auto support = static_cast<double>(std::max<std::int64_t>(matrix.support(truth), 1));
    for (int predicted = 0; predicted < n; ++predicted) {
      const double share = static_cast<double>(matrix.at(truth, predicted)) / support;
      if (share == 0) continue;
      const double opacity = 0.1 + 0.9 * std::pow(share, 0.7);
      const std::array<double, 3>& colour = truth == predicted ? right : wrong;
      for (int y = truth * cell; y < (truth + 1) * cell; ++y) {
        for (int x = predicted * cell; x < (predicted + 1) * cell; ++x) {
          const auto at = 3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(side) +
                               static_cast<std::size_t>(x));
          for (std::size_t k = 0; k < 3; ++k) {
            picture.pixels[at + k] =
                static_cast<std::uint8_t>(std::lround(255 + opacity * (colour[k] - 255)));
          }
        }
      }
    }
  }
  return picture;
}

Picture mistake_sheet(const Predictions& predictions, const LoadedPictures& pictures,
                      std::span<const std::uint32_t> indices) {
  constexpr std::size_t most = 25, columns = 5;
  constexpr int side = 128;
  std::vector<std::pair<double, std::size_t>> wrong;  // the probability of the true class, and the place
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    if (predicted_label(predictions.row(i)) == predictions.labels[i]) continue;
    wrong.emplace_back(softmax(predictions.row(i))[static_cast<std::size_t>(predictions.labels[i])], i);
  }
  std::ranges::sort(wrong);
  std::vector<SheetTile> tiles;
  for (const auto& [probability, i] : std::span(wrong).first(std::min(wrong.size(), most))) {
    if (indices[i] >= pictures.size())
      throw Error(fmt::format("there is no picture {} of {}", indices[i], pictures.size()));
    const std::uint8_t* const pixels = pictures.picture(indices[i]);
    const auto name = [&](std::int32_t label) { return pictures.classes[static_cast<std::size_t>(label)]; };
    tiles.push_back({{pictures.image_size, pictures.image_size, {pixels, pixels + pictures.bytes_each()}},
                     {name(predictions.labels[i]), "taken for", name(predicted_label(predictions.row(i)))}});
  }
  return tiles.empty() ? Picture{} : contact_sheet(tiles, columns, side);
}

}  // namespace bart
