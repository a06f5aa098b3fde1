#include "bart/model/model_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bart/dataset/class_names.h"
#include "bart/formats/joblib.h"
#include "bart/formats/model_metadata.h"
#include "bart/formats/onnx.h"
#include "bart/formats/pth.h"
#include "bart/formats/safetensors.h"
#include "bart/network/architecture.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/record/run_folder.h"
#include "bart/record/version.h"

namespace bart {
namespace {

constexpr std::uint64_t large =
    64 << 20;  // more than a network of BART's kind takes without an optimizer's state
constexpr std::uint64_t most_label_bytes = 64 << 20;

/// safetensors: eight bytes of length, then JSON.
bool is_safetensors(std::span<const std::uint8_t> bytes) {
  return bytes.size() > 8 && bytes[8] == '{';
}

/// ONNX: its first field, ir_version (field 1, a varint).
bool is_onnx(std::span<const std::uint8_t> bytes) {
  return !bytes.empty() && bytes[0] == 0x08;
}

/// Decodes what was read from `path` with `decode`, whose errors get the file's name as a prefix.
template <typename Decode>
auto decode_named(std::span<const std::uint8_t> bytes, const std::filesystem::path& path, Decode decode) {
  try {
    return decode(bytes);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", path.string(), error.what()));
  }
}

void check_classes(const StateDict& state, const std::vector<std::string>& classes) {
  const int outputs = architecture_of(state).classes;
  if (static_cast<std::size_t>(outputs) != classes.size()) {
    throw Error(fmt::format("the network has {} classes, but {} are named", outputs, classes.size()));
  }
}

/// Throws Error for a value that is not finite, because it would spread to every prediction.
void check_values(const StateDict& state) {
  for (const Tensor& tensor : state) {
    const auto* floats = std::get_if<std::vector<float>>(&tensor.values);
    if (floats != nullptr &&
        !std::ranges::all_of(*floats, [](float value) { return std::isfinite(value); })) {
      throw Error(
          fmt::format("tensor {} holds a value that is not finite: the model is damaged, or its training "
                      "diverged",
                      tensor.name));
    }
  }
}

ModelFile with_finite_values(ModelFile model) {
  check_values(model.state);
  return model;
}

ModelFile decode_safetensors_model(std::span<const std::uint8_t> bytes) {
  Safetensors content = decode_safetensors(bytes);
  ModelFile model{ModelFormat::safetensors, in_pytorch_order(std::move(content.tensors)), {}};
  const auto classes = content.metadata.find(classes_key);
  if (classes != content.metadata.end()) {
    model.classes = classes_of_text(classes->second);
    check_classes(model.state, model.classes);
  }
  const auto exif = content.metadata.find(exif_orientation_key);
  model.apply_exif_orientation = exif == content.metadata.end() || exif->second != exif_ignored;
  return model;
}

ModelFile decode_pth_file(std::span<const std::uint8_t> bytes) {
  PthModel pth = decode_pth_model(bytes);
  ModelFile model{ModelFormat::pth, in_pytorch_order(std::move(pth.state)), {}};
  if (!pth.metadata) return model;
  model.classes = std::move(pth.metadata->classes);
  model.apply_exif_orientation = pth.metadata->exif_orientation;
  check_classes(model.state, model.classes);
  if (architecture_of(model.state).image_size != pth.metadata->image_size) {
    throw Error(fmt::format("the network takes pictures of {0} x {0} pixels, but the file says {1} x {1}",
                            architecture_of(model.state).image_size, pth.metadata->image_size));
  }
  return model;
}

std::vector<std::uint8_t> encode_pth_file(const ModelFile& model) {
  if (model.classes.empty()) return encode_pth(model.state);
  check_classes(model.state, model.classes);
  return encode_pth(model.state, ModelMetadata{.classes = model.classes,
                                               .image_size = architecture_of(model.state).image_size,
                                               .exif_orientation = model.apply_exif_orientation,
                                               .bart_version = bart_version()});
}

std::vector<std::uint8_t> encode_safetensors_model(const ModelFile& model, bool half) {
  check_classes(model.state, model.classes);
  const int size = architecture_of(model.state).image_size;
  Safetensors content{model.state,
                      {{classes_key, classes_text(model.classes)},
                       {image_size_key, std::to_string(size)},
                       {preprocessing_key, preprocessing_text(size)},
                       {"format", "pt"}}};  // by convention: tensors as PyTorch's modules hold them
  if (!model.apply_exif_orientation) content.metadata[exif_orientation_key] = exif_ignored;
  return encode_safetensors(std::move(content), {.half = half});
}

}  // namespace

ModelFile decode_model_file(std::span<const std::uint8_t> bytes) {
  if (is_safetensors(bytes)) return with_finite_values(decode_safetensors_model(bytes));
  if (is_onnx(bytes)) {
    OnnxModel model = decode_onnx(bytes);
    return with_finite_values(
        {ModelFormat::onnx, std::move(model.state), std::move(model.classes), model.exif_orientation});
  }
  return with_finite_values(decode_pth_file(bytes));
}

std::vector<std::uint8_t> read_model_bytes(const std::filesystem::path& model) {
  const std::optional<FileStart> start = start_of_larger_file(model, large, 16);
  if (start && !is_safetensors(start->bytes) && !is_onnx(start->bytes))
    decode_named(start->bytes, model, check_begins_as_pth);
  return read_file(model);
}

ModelFile read_model_file(const std::filesystem::path& model) {
  return decode_named(read_model_bytes(model), model, decode_model_file);
}

ModelFile read_model_file(const std::filesystem::path& model, const std::filesystem::path& labels) {
  return with_labels(read_model_file(model), model,
                     labels.empty() ? RunFolder(model.parent_path()).labels() : labels,
                     /*required=*/!labels.empty());
}

ModelFile with_labels(ModelFile file, const std::filesystem::path& model, const std::filesystem::path& labels,
                      bool required) {
  const bool named = !file.classes.empty();
  // ONNX and safetensors need no label file, so one beside them may be of another model.
  if (named && !required && (file.format != ModelFormat::pth || !std::filesystem::exists(labels)))
    return file;
  if (!required && !std::filesystem::exists(labels)) {
    throw NoClassNames(
        fmt::format("{} holds no class names, and {} is not there: put the label file of its training there, "
                    "or name it",
                    model.string(), labels.string()));
  }
  std::vector<std::string> classes =
      decode_named(read_file(labels, most_label_bytes), labels, decode_label_encoder);
  if (named) {
    if (places_of_same_classes(file.classes, classes)) return file;
    throw Error(fmt::format(
        "{} names other classes than {} was trained on: they are not of the same training; "
        "remove the label file, which the model does not need, or put both of one training together",
        labels.string(), model.string()));
  }
  file.classes = std::move(classes);
  const int outputs = architecture_of(file.state).classes;
  if (static_cast<std::size_t>(outputs) != file.classes.size()) {
    throw Error(fmt::format("{} has {} classes, but {} names {}: they are not of the same training",
                            model.string(), outputs, labels.string(), file.classes.size()));
  }
  return file;
}

ModelFile named_as(ModelFile model, const std::vector<std::string>& classes) {
  if (model.classes == classes) return model;
  const auto places = places_of_same_classes(model.classes, classes);
  if (!places) return model;
  const std::string last = model.state.back().name.substr(0, model.state.back().name.rfind('.') + 1);
  for (Tensor& tensor : model.state) {
    if (!tensor.name.starts_with(last)) continue;
    auto& values = std::get<std::vector<float>>(tensor.values);
    const std::size_t row = values.size() / classes.size();
    std::vector<float> ordered;
    ordered.reserve(values.size());
    for (const std::size_t place : *places) {
      const auto from = values.begin() + static_cast<std::ptrdiff_t>(place * row);
      ordered.insert(ordered.end(), from, from + static_cast<std::ptrdiff_t>(row));
    }
    values = std::move(ordered);
  }
  model.classes = classes;
  return model;
}

std::vector<std::uint8_t> encode_model_file(const ModelFile& model, const ModelFileOptions& options) {
  if (options.with_preprocessing && model.format != ModelFormat::onnx) {
    throw Error("only an ONNX model can hold its preprocessing: other formats hold no computation");
  }
  if (options.opset && model.format != ModelFormat::onnx) throw Error("only an ONNX model has an opset");
  check_values(model.state);
  switch (model.format) {
    case ModelFormat::onnx:
      return encode_onnx(model.state, model.classes,
                         {.with_preprocessing = options.with_preprocessing,
                          .half = options.half,
                          .opset = options.opset.value_or(oldest_opset),
                          .exif_orientation = model.apply_exif_orientation});
    case ModelFormat::safetensors:
      return encode_safetensors_model(model, options.half);
    case ModelFormat::pth:
      if (options.half) throw Error("a .pth cannot have float16 weights: its network computes in float32");
      return encode_pth_file(model);
  }
  throw Error("unknown model format");
}

}  // namespace bart
