#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/explain/grad_cam.h"
#include "bart/model/model_file.h"
#include "bart/pictures/picture.h"
#include "bart/platform/group.h"
#include "bart/platform/progress.h"
#include "bart/training/metrics.h"
#include "bart/training/predictions.h"

namespace bart {

struct ModelOptions {
  /// A .joblib file with the class names; empty: those in the model, or label_encoder.joblib beside it.
  std::filesystem::path labels = {};
  int threads = 0;  // of each call; 0: as many as this process may use
  Precision precision = Precision::f32;
  std::shared_ptr<Device> device = nullptr;  // nullptr: this computer's processor
  bool exact = false;          // every rounding as in PyTorch's float32 kernels; needs f32, and a processor
  bool mirror_images = false;  // average over each picture and its mirror image, which takes twice as long
};

/// A class and its probability, from 0 to 1.
struct ClassProbability {
  std::string name;
  float probability = 0;
};

struct EvaluateOptions {
  std::size_t batch_size = 32;
  bool apply_exif_orientation =
      true;                          // has no effect if the model was trained on pictures as they are stored
  bool strict = false;               // the first bad picture is an Error instead of being skipped
  std::filesystem::path cache = {};  // see LoadOptions
  /// Hashes as in LoadedPictures: only pictures with these pixels are evaluated, each hash as often as it is
  /// here, first those of `only_part` of the data set, if it has parts. Empty: all pictures.
  std::vector<std::uint64_t> only = {};
  Part only_part = Part::none;
  OnProgress reading = {};
  OnProgress evaluating = {};
  /// Its processes each read and evaluate some of the pictures; without `cache`. nullptr: this process alone.
  Group* group = nullptr;
};

/// How good a model is on a folder of pictures.
struct FolderEvaluation {
  /// Those that could be read, with labels that are indices of the model's classes and the hashes of the
  /// pixels that the training saw. With a group they have no pixels and no slots.
  LoadedPictures pictures;
  std::vector<std::string> clipped_gray;  // see clipped_gray()
  std::vector<std::uint32_t> evaluated;   // [n] indices of the evaluated ones
  Predictions predictions;                // [n]
  Evaluation evaluation;
};

/// A trained network with its class names, ready to predict. All functions may be called from several threads
/// at once. Copies share the weights.
class Model {
 public:
  /// Reads a model: a file, whose format is recognized by its content (.onnx and .safetensors as BART exports
  /// them, a .pth of BART or PyTorch, a checkpoint), or the folder of a training (see find_model()). Throws
  /// Error when a file cannot be read, holds no network of BART's kind, or does not fit its labels.
  static Model load(const std::filesystem::path& model, const ModelOptions& options = {});

  /// `file` must name its classes. Throws Error when their number is not that of the network.
  explicit Model(const ModelFile& file, const ModelOptions& options = {});

  const std::vector<std::string>& classes() const;
  const Architecture& architecture() const;
  int image_size() const { return architecture().image_size; }
  int threads() const;
  /// The same model, with shared weights, whose calls use `threads`; 0: as many as this process may use. Its
  /// answers are the same unless bits_depend_on_threads(). Throws Error when there cannot be so many.
  Model with_threads(int threads) const;
  /// Whether a device computes, which takes one batch after the other, and not this computer's processor.
  bool on_device() const;
  bool bits_depend_on_threads() const;
  /// Whether pictures are turned as their EXIF tag says, as in the training.
  bool apply_exif_orientation() const;

  /// The most probable class of a picture file. Throws Error when it cannot be read.
  ClassProbability predict(const std::filesystem::path& picture) const;

  /// The most probable class of each picture, as an index into classes(). Pictures of any size are resized as
  /// in training.
  std::vector<std::int32_t> predict(std::span<const Picture> pictures) const;

  /// The probabilities of all classes: [n, classes], one row per picture.
  std::vector<float> predict_proba(std::span<const Picture> pictures) const;

  /// predict_proba() for pictures that have the network's size: n pointers to [image_size, image_size, 3].
  /// With `some_of_more` a single picture is answered with the same bits as among others, see in_company().
  std::vector<float> predict_proba_resized(std::span<const std::uint8_t* const> pictures,
                                           bool some_of_more = false, std::size_t batch_size = 32) const;

  /// Evaluates the model on a folder with one sub-folder per class. Throws Error when the name of a
  /// sub-folder is not among classes(), or the folder cannot be read.
  FolderEvaluation evaluate(const std::filesystem::path& folder, const EvaluateOptions& options = {}) const;
  /// The same for the pictures of a listing.
  ///
  /// With a group all processes make the call with the same arguments; process 0 gets the evaluation, the
  /// others an empty one. Throws as check_same() and share_out() do.
  FolderEvaluation evaluate(const Listing& listing, const EvaluateOptions& options = {}) const;

  /// Explains the `top_k` most probable classes of a picture by Grad-CAM.
  Explanation explain(const Picture& picture, std::size_t top_k = 3) const;

  /// Explains pictures that have the network's size; `classes(i, logits)` returns the classes to explain for
  /// picture i.
  std::vector<Explanation> explain(
      const PictureSource& pictures,
      const std::function<std::vector<std::int32_t>(std::size_t, std::span<const float>)>& classes) const;

  /// A hash of all that the answers depend on: weights, classes and options.
  std::uint64_t fingerprint() const;

  /// The network itself, for evaluate_batches().
  BatchNetwork network() const;

 private:
  struct Shared;
  std::shared_ptr<const Shared> shared_;
};

}  // namespace bart
