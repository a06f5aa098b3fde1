#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bart {

// What files that carry text beside the parameters (ONNX, safetensors) say of a classifier.

inline constexpr const char* classes_key = "classes";
inline constexpr const char* image_size_key = "image_size";
inline constexpr const char* preprocessing_key = "preprocessing";

/// The class names as a JSON list, in the order of the network's outputs. Throws Error when one is not UTF-8.
std::string classes_text(const std::vector<std::string>& classes);

/// The class names of such a list. Throws Error when it is none, or longer than 16 MiB.
std::vector<std::string> classes_of_text(std::string_view text);

/// A sentence for people on what a picture goes through before the network.
std::string preprocessing_text(int image_size);

}  // namespace bart
