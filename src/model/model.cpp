#include "bart/model/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "bart/dataset/read_picture_file.h"
#include "bart/engine/evaluator.h"
#include "bart/engine/softmax.h"
#include "bart/model/find_model.h"
#include "bart/pictures/decode.h"
#include "bart/pictures/resize.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"
#include "bart/platform/packed.h"
#include "bart/platform/printable.h"
#include "bart/platform/threads.h"

namespace bart {

struct Model::Shared {
  std::vector<std::string> classes;
  bool apply_exif_orientation;
  int threads;
  bool mirror_images, bf16, exact, on_device;
  Evaluator evaluator;

  /// Created by the first explanation, because it copies the largest weights.
  const GradCam& grad_cam() const {
    std::call_once(grad_cam_made_, [&] { grad_cam_.emplace(evaluator.architecture(), evaluator.state()); });
    return *grad_cam_;
  }

  /// Computed by the first call, which copies the weights.
  std::uint64_t fingerprint() const {
    std::call_once(fingerprint_made_, [&] {
      Packed all;
      for (const Tensor& tensor : evaluator.state()) {
        all.add_text(tensor.name);
        std::visit([&](const auto& values) { all.add_all(std::span(values)); }, tensor.values);
      }
      for (const std::string& name : classes) all.add_text(name);
      for (const bool option : {apply_exif_orientation, mirror_images, bf16, exact, on_device})
        all.add(option);
      fingerprint_ = hash_of(all.take());
    });
    return fingerprint_;
  }

  mutable std::once_flag grad_cam_made_ = {}, fingerprint_made_ = {};
  mutable std::uint64_t fingerprint_ = 0;
  mutable std::optional<GradCam> grad_cam_ = {};
};

namespace {

int settled_threads(int threads) {
  if (threads < 0) throw Error(fmt::format("a model cannot use {} threads", threads));
  return threads > 0 ? threads : available_threads();
}

Evaluator evaluator_of(const ModelFile& file, const ModelOptions& options) {
  return {architecture_of(file.state),
          file.state,
          {.threads = settled_threads(options.threads),
           .precision = options.precision,
           .exact = options.exact,
           .device = options.device}};
}

std::vector<const std::uint8_t*> pixels_of(std::span<const Picture> pictures) {
  std::vector<const std::uint8_t*> pixels;
  for (const Picture& picture : pictures) pixels.push_back(picture.pixels.data());
  return pixels;
}

void to_probabilities(std::span<const float> logits, std::span<float> probabilities) {
  std::ranges::transform(softmax(logits), probabilities.begin(),
                         [](double probability) { return static_cast<float>(probability); });
}

}  // namespace

Model Model::load(const std::filesystem::path& model, const ModelOptions& options) {
  return Model(read_model(find_model(model), options.labels), options);
}

Model::Model(const ModelFile& file, const ModelOptions& options) {
  const auto outputs = static_cast<std::size_t>(architecture_of(file.state).classes);
  if (outputs != file.classes.size()) {
    throw Error(fmt::format("the network has {} classes, but {} are named", outputs, file.classes.size()));
  }
  std::vector<std::string_view> names(file.classes.begin(), file.classes.end());
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end())
    throw Error(fmt::format("the class {} is named twice", printable(*twice)));
  shared_.reset(new Shared{.classes = file.classes,
                           .apply_exif_orientation = file.apply_exif_orientation,
                           .threads = settled_threads(options.threads),
                           .mirror_images = options.mirror_images,
                           .bf16 = options.precision == Precision::bf16,
                           .exact = options.exact,
                           .on_device = options.device != nullptr,
                           .evaluator = evaluator_of(file, options)});
}

const std::vector<std::string>& Model::classes() const {
  return shared_->classes;
}

const Architecture& Model::architecture() const {
  return shared_->evaluator.architecture();
}

Model Model::with_threads(int threads) const {
  const Shared& shared = *shared_;
  Model model = *this;
  model.shared_.reset(new Shared{.classes = shared.classes,
                                 .apply_exif_orientation = shared.apply_exif_orientation,
                                 .threads = settled_threads(threads),
                                 .mirror_images = shared.mirror_images,
                                 .bf16 = shared.bf16,
                                 .exact = shared.exact,
                                 .on_device = shared.on_device,
                                 .evaluator = shared.evaluator.with_threads(threads)});
  return model;
}

bool Model::on_device() const {
  return shared_->on_device;
}

bool Model::bits_depend_on_threads() const {
  return bart::bits_depend_on_threads(shared_->bf16 ? Precision::bf16 : Precision::f32, shared_->exact);
}

int Model::threads() const {
  return shared_->threads;
}

bool Model::apply_exif_orientation() const {
  return shared_->apply_exif_orientation;
}

std::uint64_t Model::fingerprint() const {
  return shared_->fingerprint();
}

BatchNetwork Model::network() const {
  BatchNetwork network = batch_network(shared_->evaluator);
  return shared_->mirror_images ? with_mirror_images(std::move(network)) : network;
}

ClassProbability Model::predict(const std::filesystem::path& picture) const {
  try {
    const std::vector<std::uint8_t> bytes = read_picture_file(picture);
    const Picture resized = decode_resized(bytes, image_size(), image_size(),
                                           {.apply_exif_orientation = apply_exif_orientation()})
                                .picture;
    const std::vector<float> probabilities = predict_proba_resized(std::array{resized.pixels.data()});
    const auto best = static_cast<std::size_t>(predicted_label(probabilities));
    return {classes()[best], probabilities[best]};
  } catch (const PictureError& error) {
    throw Error(fmt::format("{}: {}", picture.string(), error.what()));
  }
}

std::vector<std::int32_t> Model::predict(std::span<const Picture> pictures) const {
  const std::vector<float> probabilities = predict_proba(pictures);
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    labels.push_back(
        predicted_label(std::span(probabilities).subspan(i * classes().size(), classes().size())));
  }
  return labels;
}

std::vector<float> Model::predict_proba(std::span<const Picture> pictures) const {
  std::vector<Picture> resized(pictures.size());
  parallel_for(pictures.size(), threads(),
               [&](std::size_t i) { resized[i] = resize_picture(pictures[i], image_size(), image_size()); });
  return predict_proba_resized(pixels_of(resized));
}

std::vector<float> Model::predict_proba_resized(std::span<const std::uint8_t* const> pictures,
                                                bool some_of_more, std::size_t batch_size) const {
  std::vector<float> probabilities(pictures.size() * classes().size());
  const BatchNetwork evaluated = some_of_more ? in_company(network()) : network();
  evaluate_batches(
      evaluated, picture_source(pictures), {.batch_size = batch_size}, [&](const EvaluatedBatch& batch) {
        for (std::size_t i = 0; i < batch.size; ++i) {
          to_probabilities(
              batch.logits.subspan(i * classes().size(), classes().size()),
              std::span(probabilities).subspan((batch.first + i) * classes().size(), classes().size()));
        }
      });
  return probabilities;
}

FolderEvaluation Model::evaluate(const std::filesystem::path& folder, const EvaluateOptions& options) const {
  return evaluate(list_data(folder, 1), options);
}

Explanation Model::explain(const Picture& picture, std::size_t top_k) const {
  const Picture resized = resize_picture(picture, image_size(), image_size());
  const std::array pixels = {static_cast<const std::uint8_t*>(resized.pixels.data())};
  return std::move(explain(picture_source(pixels), [&](std::size_t, std::span<const float> logits) {
                     return likeliest_classes(logits, top_k);
                   }).front());
}

std::vector<Explanation> Model::explain(
    const PictureSource& pictures,
    const std::function<std::vector<std::int32_t>(std::size_t, std::span<const float>)>& classes) const {
  if (!classes) throw Error("an explanation needs a function that chooses the classes");
  std::vector<Explanation> explanations(pictures.size);
  if (pictures.size == 0) return explanations;
  const GradCam& grad_cam = shared_->grad_cam();
  evaluate_batches(network(), pictures, {.with_features = true}, [&](const EvaluatedBatch& batch) {
    const std::size_t outputs = batch.logits.size() / batch.size;
    const std::size_t features = batch.features.size() / batch.size;
    parallel_for(batch.size, threads(), [&](std::size_t i) {
      Explanation& explanation = explanations[batch.first + i];
      const std::span<const float> logits = batch.logits.subspan(i * outputs, outputs);
      explanation.logits.assign(logits.begin(), logits.end());
      explanation.classes = classes(batch.first + i, logits);
      explanation.maps = grad_cam(batch.features.subspan(i * features, features), explanation.classes);
    });
  });
  return explanations;
}

}  // namespace bart
