#include "shown_pictures.h"

#include <algorithm>
#include <numeric>

#include "bart/engine/softmax.h"
#include "bart/explain/grad_cam.h"
#include "bart/explain/overlay.h"
#include "bart/html/html.h"
#include "bart/pictures/decode.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/pictures/resize.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

constexpr std::size_t most_shown = 12;  // of each kind
constexpr int thumbnail_side = 176;     // twice what the page gives them, for sharp screens
constexpr int thumbnail_quality = 82;

/// A test picture by its place in `test`, and why it is shown.
struct Choice {
  std::size_t place;
  std::vector<std::size_t> classes;
};

std::string jpeg_address(const Picture& picture) {
  return "data:image/jpeg;base64," + base64(encode_jpeg(picture, thumbnail_quality));
}

Picture thumbnail(const RecordedRun& run, const LoadedPictures& pictures, std::uint32_t i) {
  try {
    const DecodeOptions options{.apply_exif_orientation = !run.record.settings.ignore_exif};
    return fit_picture(decode_picture(read_file(run.record.data_folder / pictures.files[i]), options).picture,
                       thumbnail_side);
  } catch (const Error&) {  // gone, or changed
    const std::uint8_t* pixels = pictures.picture(i);
    const int side = pictures.image_size;
    const auto bytes = static_cast<std::size_t>(side) * static_cast<std::size_t>(side) * 3;
    return fit_picture({side, side, {pixels, pixels + bytes}}, thumbnail_side);
  }
}

}  // namespace

ShownPictures shown_pictures(const RecordedRun& run, const StateDict& state, Engine& engine,
                             const LoadedPictures& pictures, std::span<const std::uint32_t> test,
                             const Predictions& predictions, int threads) {
  const std::vector<std::int32_t> predicted = predicted_labels(predictions);
  std::vector<std::vector<double>> probabilities;
  for (std::size_t i = 0; i < predictions.size(); ++i) probabilities.push_back(softmax(predictions.row(i)));
  const auto truth = [&](std::size_t i) { return static_cast<std::size_t>(predictions.labels[i]); };
  const auto said = [&](std::size_t i) { return static_cast<std::size_t>(predicted[i]); };

  std::vector<std::size_t> order(predictions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::size_t> wrong;
  std::ranges::copy_if(order, std::back_inserter(wrong), [&](std::size_t i) { return said(i) != truth(i); });
  ShownPictures result;
  result.mistakes = wrong.size();
  std::ranges::stable_sort(wrong, {}, [&](std::size_t i) { return probabilities[i][truth(i)]; });
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return probabilities[i][said(i)]; });

  std::vector<Choice> choices;
  for (const std::size_t i : std::span(wrong).first(std::min(wrong.size(), most_shown))) {
    choices.push_back({i, {said(i), truth(i)}});
  }
  const std::size_t worst = choices.size();
  for (const std::size_t i : std::span(order).first(std::min(order.size(), most_shown))) {
    const std::vector<double>& its = probabilities[i];
    std::size_t second = said(i) == 0 ? 1 : 0;
    for (std::size_t c = 0; c < its.size(); ++c) {
      if (c != said(i) && its[c] > its[second]) second = c;
    }
    choices.push_back({i, {said(i), second}});
  }

  std::vector<const std::uint8_t*> pixels;
  for (const Choice& choice : choices) pixels.push_back(pictures.picture(test[choice.place]));
  const std::vector<Activations> activations = activations_of(engine, pixels);
  const GradCam grad_cam(engine.architecture(), state);
  std::vector<ShownPicture> shown(choices.size());
  parallel_for(choices.size(), threads, [&](std::size_t k) {
    const auto& [place, classes] = choices[k];
    const Picture picture = thumbnail(run, pictures, test[place]);
    const std::vector<ClassActivationMap> maps = grad_cam(activations[k], classes);
    shown[k] = {pictures.files[test[place]], truth(place), {}, picture.width, picture.height,
                jpeg_address(picture)};
    for (std::size_t c = 0; c < classes.size(); ++c) {
      shown[k].classes.push_back(
          {classes[c], probabilities[place][classes[c]], jpeg_address(overlay(picture, maps[c]))});
    }
  });
  const auto middle = shown.begin() + static_cast<std::ptrdiff_t>(worst);
  result.worst.assign(std::make_move_iterator(shown.begin()), std::make_move_iterator(middle));
  result.uncertain.assign(std::make_move_iterator(middle), std::make_move_iterator(shown.end()));
  return result;
}

}  // namespace bart
