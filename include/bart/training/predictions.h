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
#include "bart/platform/group.h"
#include "bart/platform/progress.h"

namespace bart {

/// A network that evaluates one batch at a time.
struct BatchNetwork {
  Architecture architecture;
  /// Takes n pointers to [image_size, image_size, 3] and computes the logits [n, classes] and, if `features`
  /// is not empty, the activations of the last convolution, [n, channels, side, side].
  std::function<void(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                     std::span<float> features)>
      evaluate;
};

/// A network in training, with its present weights at each batch. Keeps a reference to the engine.
BatchNetwork batch_network(Engine& engine);
/// A trained network, which may be evaluated by several threads at once. Shares the weights.
BatchNetwork batch_network(const Evaluator& evaluator);

/// The same network evaluated twice, on each picture and on its mirror image: the logits are the mean of
/// both, the features those of the picture itself.
BatchNetwork with_mirror_images(BatchNetwork network);

/// The same network, whose outputs for a picture have the same bits whatever other pictures are evaluated
/// with it. In bf16 linear layers round their weights for a single picture, and oneDNN's may add up in
/// another order, so such a picture is evaluated as one of two.
BatchNetwork in_company(BatchNetwork network);

/// Pictures in the order in which they are evaluated, in memory or in a file.
struct PictureSource {
  std::size_t size = 0;
  std::function<const std::uint8_t*(std::size_t i)> picture;  // [image_size, image_size, 3]
  std::function<void(std::size_t i)> will_need = {};          // picture i is in the next batch
  std::function<void(std::size_t i)> done_with = {};          // picture i was evaluated
};

/// The pictures with these indices. Both arguments must outlive the source.
PictureSource picture_source(const LoadedPictures& pictures, std::span<const std::uint32_t> indices);
PictureSource picture_source(LoadedPictures&&, std::span<const std::uint32_t>) = delete;
PictureSource picture_source(const LoadedPictures&, std::vector<std::uint32_t>&&) = delete;
/// The pictures at these pointers, which must outlive the source.
PictureSource picture_source(std::span<const std::uint8_t* const> pictures);
PictureSource picture_source(std::vector<const std::uint8_t*>&&) = delete;

/// The outputs of a network for consecutive pictures of a source.
struct EvaluatedBatch {
  std::size_t first;  // the place of the first picture in the source
  std::size_t size;
  std::span<const float> logits;    // [size, classes]
  std::span<const float> features;  // [size, channels, side, side]; empty if they were not asked for
};

struct BatchOptions {
  std::size_t batch_size = 32;
  bool with_features = false;
  /// Its processes each evaluate some of the batches, and all of them get the logits of all. All make the
  /// call with the same arguments, and without features. nullptr: this process alone.
  Group* group = nullptr;
};

/// The network has computed a logit that is not finite.
class NotFiniteError : public Error {
 public:
  using Error::Error;
};

/// Evaluates pictures in evaluation mode, batch after batch; this is the only such loop. While one batch is
/// computed, the next pixels are fetched from the disk. `take` gets the outputs of each batch, or with a
/// group those of a batch per process at once, which are valid until it returns. Throws NotFiniteError when a
/// logit is not finite, and Error for an impossible batch size.
void evaluate_batches(const BatchNetwork& network, const PictureSource& pictures, const BatchOptions& options,
                      const std::function<void(const EvaluatedBatch&)>& take);

/// The outputs of a network for n pictures, with the true classes.
struct Predictions {
  std::size_t classes = 0;
  std::vector<std::int32_t> labels;  // [n], the true classes
  std::vector<float> logits;         // [n, classes]

  std::size_t size() const { return labels.size(); }
  std::span<const float> row(std::size_t i) const { return std::span(logits).subspan(i * classes, classes); }
};

/// The predictions for the pictures of a source, whose true classes are `labels`; with a group those of all
/// its processes, see BatchOptions. Throws NotFiniteError.
Predictions predictions_of(const BatchNetwork& network, const PictureSource& pictures,
                           std::vector<std::int32_t> labels, std::size_t batch_size,
                           const OnProgress& progress = {}, Group* group = nullptr);

/// The predictions for the pictures `indices`. Throws NotFiniteError.
Predictions predictions_of(const BatchNetwork& network, const LoadedPictures& pictures,
                           std::span<const std::uint32_t> indices, std::size_t batch_size,
                           const OnProgress& progress = {}, Group* group = nullptr);

/// The class with the largest logit, the first of equal ones, as torch.max(). Throws Error without logits.
std::int32_t predicted_label(std::span<const float> logits);

/// The predicted class of each picture: [n].
std::vector<std::int32_t> predicted_labels(const Predictions& predictions);

/// The `count` classes with the largest logits or probabilities, the largest first; equal ones in the order
/// of the classes.
std::vector<std::int32_t> likeliest_classes(std::span<const float> row, std::size_t count);

}  // namespace bart
