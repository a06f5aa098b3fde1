#include "model_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "bart/platform/error.h"
#include "gpu_text.h"
#include "log.h"

namespace bart {

void add_model_flags(CLI::App& command, ModelFlags& flags) {
  command
      .add_option("--model", flags.model,
                  "The trained model: .pth, .safetensors, .onnx, a checkpoint, or the folder of a training")
      ->capture_default_str();
  add_labels_flags(command, flags);
}

void add_labels_flag(CLI::App& command, std::filesystem::path& labels) {
  command.add_option("--labels", labels,
                     "A .joblib file with the class names (default: the names in the model, or "
                     "label_encoder.joblib beside it)");
}

void add_labels_flags(CLI::App& command, ModelFlags& flags) {
  add_labels_flag(command, flags.labels);
  command.add_option("--threads", flags.threads,
                     "Number of threads (default: all that this process may use)");
}

void add_device_flag(CLI::App& command, std::string& device) {
  command.add_option("--device", device, run_setting("device").help)->capture_default_str();
}

void add_prediction_flags(CLI::App& command, ModelFlags& flags) {
  add_device_flag(command, flags.device);
  command
      .add_option(
          "--precision", flags.precision,
          "f32, bf16 (about twice as fast if the processor multiplies it; probabilities change by a few "
          "thousandths), tf32 (on GPUs; on the processor f32), or auto: tf32 on a GPU, bf16 if the "
          "processor multiplies it, else f32")
      ->check(CLI::IsMember({"auto", "bf16", "f32", "tf32"}))
      ->capture_default_str();
  command
      .add_option("--tta", flags.tta,
                  "Test-time augmentation: none, or flip, which averages over each picture and its mirror "
                  "image and takes twice as long")
      ->check(CLI::IsMember({"none", "flip"}))
      ->capture_default_str();
}

void check_top_k(const std::optional<int>& top_k) {
  if (top_k && *top_k < 1) throw UsageError(fmt::format("--top-k must be at least 1, not {}", *top_k));
}

PictureFiles pictures_named(const std::vector<std::string>& inputs, bool recursive) {
  try {
    return find_picture_files(inputs, recursive);
  } catch (const NoPicturesItself& error) {
    throw Error(fmt::format("{} (--recursive includes the sub-folders)", error.what()));
  }
}

std::vector<std::filesystem::path> inputs_of(const FoundModel& found, const ModelFlags& flags,
                                             std::span<const PictureFile> pictures) {
  std::vector<std::filesystem::path> inputs = paths_of(found, flags.labels);
  for (const PictureFile& picture : pictures) inputs.push_back(picture.path);
  return inputs;
}

ModelOptions model_options(const ModelFlags& flags, Log& log, const Group* group, int batch_size) {
  const PredictionDevice chosen =
      prediction_device({.batch_size = batch_size, .device = flags.device, .precision = flags.precision},
                        flags.model, group != nullptr, log);
  return {.labels = flags.labels,
          .threads = flags.threads,
          .precision = chosen.precision,
          .device = chosen.device,
          .mirror_images = flags.tta == "flip"};
}

ModelFile read_named_model(const FoundModel& found, const ModelFlags& flags, Log& log) {
  try {
    return read_model(found, flags.labels, [&](const std::string& sentence) { log.warning(sentence); });
  } catch (const NoClassNames& error) {
    throw Error(fmt::format("{} (--labels)", error.what()));
  }
}

}  // namespace bart
