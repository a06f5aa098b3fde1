#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bart/network/state_dict.h"

namespace bart {

enum class ModelFormat { pth, safetensors, onnx };

/// A trained model as a file holds it.
struct ModelFile {
  ModelFormat format = ModelFormat::pth;
  StateDict state;                     // in PyTorch's order
  std::vector<std::string> classes;    // empty where the file names none: a .pth, or safetensors of others
  bool apply_exif_orientation = true;  // what the training did to its pictures before it resized them
};

/// Decodes a trained model, told by content. Throws Error when it holds no network of BART's kind, or a value
/// that is NaN or infinite.
ModelFile decode_model_file(std::span<const std::uint8_t> bytes);

/// Reads and decodes a model file, whose name is put before what is wrong with it.
ModelFile read_model_file(const std::filesystem::path& model);

/// The same with class names: where the model names none, they are read from `labels` (.joblib); where that
/// is empty, from label_encoder.joblib beside the model. Where the model names its classes, labels that are
/// given, or lie beside a .pth, must name the same. Throws Error too when they do not.
ModelFile read_model_file(const std::filesystem::path& model, const std::filesystem::path& labels);

/// `file`, read from `model`, with the class names of `labels`, which must exist where `required`, or where
/// the file names no classes.
ModelFile with_labels(ModelFile file, const std::filesystem::path& model, const std::filesystem::path& labels,
                      bool required);

struct ModelFileOptions {
  bool half = false;                // float16 weights; not for .pth
  bool with_preprocessing = false;  // ONNX only: the graph takes pictures of any size
  std::optional<int> opset = {};    // ONNX only; absent: the oldest that has all that the graph needs
};

/// The bytes of a model file in any of the formats. Throws Error when state and classes do not fit each
/// other, or an option does not apply to the format.
std::vector<std::uint8_t> encode_model_file(const ModelFile& model, const ModelFileOptions& options = {});

}  // namespace bart
