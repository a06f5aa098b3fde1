#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bart {

/// What a model file says about its classifier besides the parameters: everything that a prediction needs.
struct ModelMetadata {
  std::vector<std::string> classes = {};  // UTF-8, in the order of the network's outputs
  int image_size = 0;                     // pixels per side of the network's input
  std::string resize_filter = "bicubic";  // Pillow's name; always with antialiasing
  bool exif_orientation = true;  // whether pictures are turned as their EXIF tag says before they are resized
  std::string bart_version = {};  // of the program that wrote the file, "0.2.0"

  bool operator==(const ModelMetadata&) const = default;
};

/// The metadata as a JSON object, the record "extra/bart.json" of a .pth. Throws Error when a text is not
/// UTF-8, a class is named twice, or decode_model_metadata would refuse a value.
std::string encode_model_metadata(const ModelMetadata& metadata);

/// The metadata of such an object; unknown keys are ignored. Throws Error when the text is not such an
/// object: not JSON of at most 16 MiB, a key missing or of another type, a class named twice, an image size
/// outside 1 to 65,535, a resize filter that this version does not have.
ModelMetadata decode_model_metadata(std::string_view json);

// ONNX and safetensors hold pairs of texts: these keys, and these values.

inline constexpr const char* classes_key = "classes";
inline constexpr const char* image_size_key = "image_size";
inline constexpr const char* preprocessing_key = "preprocessing";
/// "ignored" where pictures are taken as stored; absent where they are turned as their EXIF tag says.
inline constexpr const char* exif_orientation_key = "exif_orientation";
inline constexpr const char* exif_ignored = "ignored";

/// The class names as a JSON list, in the order of the network's outputs. Throws Error when one is not UTF-8.
std::string classes_text(const std::vector<std::string>& classes);

/// The class names of such a list. Throws Error when the text is not a list of texts, is longer than
/// 16 MiB, or names a class twice.
std::vector<std::string> classes_of_text(std::string_view text);

/// A sentence for people on what a picture goes through before the network.
std::string preprocessing_text(int image_size);

}  // namespace bart
