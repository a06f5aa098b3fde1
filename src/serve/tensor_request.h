#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http.h"

namespace bart {

/// The names of the tensors of the Open Inference Protocol.
inline constexpr std::string_view picture_input = "picture";  // BYTES [n]: picture files
inline constexpr std::string_view pixels_input = "pixels";    // UINT8 [n, image_size, image_size, 3]
inline constexpr std::string_view probabilities_output = "probabilities";  // FP32 [n, classes]
inline constexpr std::string_view class_output = "class";                  // BYTES [n]

struct WantedOutput {
  std::string name;
  bool binary = false;  // after the JSON of the response, instead of in it
};

/// What a request of the Open Inference Protocol (version 2, with its binary extension) asks. It holds files
/// or pixels.
struct TensorRequest {
  std::optional<std::string> id;
  std::vector<std::string> files;
  std::vector<std::vector<std::uint8_t>> pixels;  // [image_size, image_size, 3] each
  std::vector<WantedOutput> outputs;
};

/// Throws HttpError 400 for anything else than a request for `most` pictures at most, or pixels of another
/// size than `image_size`; 413 for too many pictures.
TensorRequest parse_tensor_request(const HttpRequest& request, int image_size, std::size_t most);

}  // namespace bart
