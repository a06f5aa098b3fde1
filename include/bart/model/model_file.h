#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bart/network/state_dict.h"
#include "bart/platform/error.h"

namespace bart {

enum class ModelFormat { pth, safetensors, onnx };

/// A trained model as a file holds it.
struct ModelFile {
  ModelFormat format = ModelFormat::pth;
  StateDict state;  // in PyTorch's order
  std::vector<std::string>
      classes;  // empty if the file names none: a .pth of PyTorch, or safetensors of other programs
  bool apply_exif_orientation = true;  // whether the training turned its pictures as EXIF says
};

/// A model names no classes, and there is no label file beside it.
class NoClassNames : public Error {
 public:
  using Error::Error;
};

/// Decodes a trained model, whose format is recognized by its content. Throws Error when it holds no network
/// of BART's kind, or a value that is NaN or infinite.
ModelFile decode_model_file(std::span<const std::uint8_t> bytes);

/// The bytes of a model file, which decode_model_file() takes; also those of a checkpoint. Throws Error with
/// its name if it cannot be read, is larger than read_file() allows, or has more than 64 MiB and does not
/// begin as a model does, which is looked at before memory is taken.
std::vector<std::uint8_t> read_model_bytes(const std::filesystem::path& model);

/// Reads and decodes a model file. Errors begin with its name.
ModelFile read_model_file(const std::filesystem::path& model);

/// The same with class names. If the model names none, they are read from `labels` (.joblib), or, if that is
/// empty, from label_encoder.joblib beside the model. If the model names its classes, labels that are given
/// or lie beside a .pth must name the same ones, if need be in composed form; otherwise this is an Error too.
ModelFile read_model_file(const std::filesystem::path& model, const std::filesystem::path& labels);

/// `file`, which was read from `model`, with the class names of `labels`. The labels must exist if
/// `required`, or if the file names no classes: then NoClassNames is thrown.
ModelFile with_labels(ModelFile file, const std::filesystem::path& model, const std::filesystem::path& labels,
                      bool required);

/// The model with the class names `classes` and its last layer in their order, if they are the same texts as
/// its own in composed form (see composed()), which sorts otherwise than the decomposed one. A model with
/// other classes is returned as it is.
ModelFile named_as(ModelFile model, const std::vector<std::string>& classes);

struct ModelFileOptions {
  bool half = false;                // float16 weights; not for .pth
  bool with_preprocessing = false;  // ONNX only: the graph takes pictures of any size
  std::optional<int> opset = {};    // ONNX only; absent: the oldest one with all operators of the graph
};

/// The bytes of a model file in any of the formats. Throws Error when state and classes do not fit each
/// other, when a value is NaN or infinite, or when an option does not apply to the format.
std::vector<std::uint8_t> encode_model_file(const ModelFile& model, const ModelFileOptions& options = {});

}  // namespace bart
