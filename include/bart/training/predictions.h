#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/engine/engine.h"
#include "bart/engine/evaluator.h"
#include "bart/platform/error.h"
#include "bart/platform/progress.h"

namespace bart {

/// A network that evaluates one batch at a time.
struct BatchNetwork {
  Architecture architecture;
  /// n pointers to [image_size, image_size, 3] become logits [n, classes] and, where `features` is not empty,
  /// the activations of the last convolution, [n, channels, side, side].
  std::function<void(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                     std::span<float> features)>
      evaluate;
};

/// A network in training, as it is at the moment of each batch. Keeps a reference to the engine.
BatchNetwork batch_network(Engine& engine);
/// A trained network; its evaluate may be called from several threads at once. Shares the weights.
BatchNetwork batch_network(const Evaluator& evaluator);

/// The same network asked twice, for each picture and for its mirror image: the logits are the mean of the
/// two answers, the features those of the picture itself.
BatchNetwork with_mirror_images(BatchNetwork network);

/// Pictures in the order in which they are evaluated, wherever their pixels lie.
struct PictureSource {
  std::size_t size = 0;
  std::function<const std::uint8_t*(std::size_t i)> picture;  // [image_size, image_size, 3]
  std::function<void(std::size_t i)> will_need = {};          // picture i is in the next batch
  std::function<void(std::size_t i)> done_with = {};          // picture i was evaluated
};

/// The pictures `indices`. Both must outlive the source.
PictureSource picture_source(const LoadedPictures& pictures, std::span<const std::uint32_t> indices);
PictureSource picture_source(std::span<const std::uint8_t* const> pictures);

/// What a network answers for consecutive pictures of a source.
struct EvaluatedBatch {
  std::size_t first;  // the first picture's place in the source
  std::size_t size;
  std::span<const float> logits;    // [size, classes]
  std::span<const float> features;  // [size, channels, side, side]; empty where they were not asked for
};

struct BatchOptions {
  std::size_t batch_size = 32;
  bool with_features = false;
};

/// A network answered with a logit that is infinite or not a number.
class NotFiniteError : public Error {
 public:
  using Error::Error;
};

/// The one loop that evaluates pictures: in evaluation mode, batch after batch; while one is computed, the
/// next one's pixels are fetched from the disk. `take` gets each batch's answers, which are valid until it
/// returns. Throws NotFiniteError when a logit is not finite.
void evaluate_batches(const BatchNetwork& network, const PictureSource& pictures, const BatchOptions& options,
                      const std::function<void(const EvaluatedBatch&)>& take);

/// A network's answers for n pictures, beside the truth.
struct Predictions {
  std::size_t classes = 0;
  std::vector<std::int32_t> labels;  // [n], the truth
  std::vector<float> logits;         // [n, classes]

  std::size_t size() const { return labels.size(); }
  std::span<const float> row(std::size_t i) const { return std::span(logits).subspan(i * classes, classes); }
};

/// The predictions for the pictures `indices`. Throws NotFiniteError.
Predictions predictions_of(const BatchNetwork& network, const LoadedPictures& pictures,
                           std::span<const std::uint32_t> indices, std::size_t batch_size,
                           const OnProgress& progress = {});

/// The class of the largest logit, the first of equals, as torch.max.
std::int32_t predicted_label(std::span<const float> logits);

/// The predicted class of each picture: [n].
std::vector<std::int32_t> predicted_labels(const Predictions& predictions);

/// The `count` classes with the largest logits or probabilities, the largest first; of equals the first class
/// first.
std::vector<std::int32_t> likeliest_classes(std::span<const float> row, std::size_t count);

}  // namespace bart
