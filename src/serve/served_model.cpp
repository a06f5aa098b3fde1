#include "served_model.h"

#include <array>
#include <cmath>

#include "bart/platform/error.h"

namespace bart {
namespace {

/// More pictures than these go through the network in parts: activations take 1 MiB for each picture of 128 x
/// 128 pixels, and a larger part is no faster.
constexpr std::size_t most_at_once = 16;

/// Runs the network once, which also makes it ready: the first request does not wait for kernels.
void check_itself(const ServedModel& model) {
  const auto size = static_cast<std::size_t>(model.image_size);
  std::vector<std::uint8_t> pixels(size * size * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 37 + i / size);
  double sum = 0;
  for (const float probability :
       model.network.probabilities(std::array<const std::uint8_t*, 1>{pixels.data()}))
    sum += probability;
  // Of thousands of classes each probability is rounded once.
  if (!(std::abs(sum - 1) < 1e-3)) throw Error("the model's probabilities do not add up to 1: it is damaged");
}

ServedNetwork network_of(const Model& model) {
  return {.probabilities =
              [model](std::span<const std::uint8_t* const> pictures) {
                return model.predict_proba_resized(pictures, false, most_at_once);
              },
          .explain =
              [model](const std::uint8_t* picture, std::size_t count) {
                const std::array pictures = {picture};
                return std::move(model
                                     .explain(picture_source(pictures),
                                              [&](std::size_t, std::span<const float> logits) {
                                                return likeliest_classes(logits, count);
                                              })
                                     .front());
              }};
}

}  // namespace

SharedModel served_model(const Model& model, ModelCard card) {
  auto served = std::make_shared<ServedModel>();
  served->classes = model.classes();
  served->image_size = model.image_size();
  served->apply_exif_orientation = model.apply_exif_orientation();
  served->card = std::move(card);
  served->network = network_of(model);
  // The same picture gets the same answer, whichever threads compute it. A device takes one batch at a time.
  if (!model.on_device() && !model.bits_depend_on_threads())
    served->on_one_thread = network_of(model.with_threads(1));
  check_itself(*served);
  return served;
}

}  // namespace bart
