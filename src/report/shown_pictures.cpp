#include "shown_pictures.h"

#include <cstddef>
#include <cstdint>

#include "bart/dataset/read_picture_file.h"
#include "bart/engine/softmax.h"
#include "bart/explain/overlay.h"
#include "bart/html/html.h"
#include "bart/pictures/decode.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/pictures/resize.h"
#include "bart/platform/error.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

constexpr int thumbnail_side = 176;  // twice the size on the page, for sharp screens
constexpr int thumbnail_quality = 82;

/// How pictures without explanations are shown, so many that a page of all mistakes stays below 8 MB.
struct Small {
  std::size_t most;  // pictures
  int side, quality;
};
constexpr Small smalls[] = {{800, 120, 82}, {1400, 96, 74}, {2200, 80, 66}, {SIZE_MAX, 64, 50}};

/// Of all of them together. More pictures than have room are left out, the last ones first.
constexpr std::size_t most_small_bytes = 5'600'000;

std::string jpeg_address(const Picture& picture, int quality = thumbnail_quality) {
  return "data:image/jpeg;base64," + base64(encode_jpeg(picture, quality));
}

Picture thumbnail(const RecordedRun& run, const LoadedPictures& pictures, std::uint32_t i, int most) {
  try {
    const DecodeOptions options{.apply_exif_orientation = !run.record.settings.ignore_exif};
    return fit_picture(
        decode_picture(read_picture_file(run.record.data_folder / pictures.files[i]), options).picture, most);
  } catch (const Error&) {  // gone, or changed
    const std::uint8_t* pixels = pictures.picture(i);
    const int side = pictures.image_size;
    const auto bytes = static_cast<std::size_t>(side) * static_cast<std::size_t>(side) * 3;
    return fit_picture({side, side, {pixels, pixels + bytes}}, most);
  }
}

}  // namespace

std::vector<ShownPicture> shown_pictures(const RecordedRun& run, const LoadedPictures& pictures,
                                         std::span<const std::uint32_t> test, const Predictions& predictions,
                                         std::span<const ReportPicture> chosen,
                                         std::span<const Explanation> explanations, int threads) {
  std::vector<ShownPicture> shown(chosen.size());
  const Small* small = smalls;
  while (chosen.size() > small->most) ++small;
  const int side = explanations.empty() ? small->side : thumbnail_side;
  const int quality = explanations.empty() ? small->quality : thumbnail_quality;
  parallel_for(chosen.size(), threads, [&](std::size_t k) {
    const std::size_t place = chosen[k].place;
    const std::vector<double> probabilities = softmax(predictions.row(place));
    const Picture picture = thumbnail(run, pictures, test[place], side);
    shown[k] = {pictures.files[test[place]],   predictions.labels[place], {}, picture.width, picture.height,
                jpeg_address(picture, quality)};
    for (std::size_t c = 0; c < chosen[k].classes.size(); ++c) {
      const std::int32_t label = chosen[k].classes[c];
      shown[k].classes.push_back(
          {label, probabilities[static_cast<std::size_t>(label)],
           explanations.empty() ? std::string() : jpeg_address(overlay(picture, explanations[k].maps[c]))});
    }
  });
  if (!explanations.empty()) return shown;
  std::size_t bytes = 0, fit = 0;
  while (fit < shown.size() && (bytes += shown[fit].thumbnail.size()) <= most_small_bytes) ++fit;
  shown.resize(fit);
  return shown;
}

}  // namespace bart
