#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bart/network/state_dict.h"

namespace bart {

/// The versions of ONNX's operators in which a model can be written. The oldest one with all operators of the
/// graph is read by most runtimes.
inline constexpr int oldest_opset = 13;
inline constexpr int newest_opset = 17;

struct OnnxOptions {
  /// false: the input is "images", float32 [batch, 3, image_size, image_size], RGB from 0 to 1.
  /// true: it is "image", uint8 [height, width, 3], one RGB picture of any size, which the graph resizes as
  /// Pillow does, to the last bit.
  bool with_preprocessing = false;
  /// Weights of convolutions and linear layers as float16 (half the file); everything is computed in float32.
  bool half = false;
  int opset = oldest_opset;
  /// false: the model says that its pictures are taken as stored, not as their EXIF tag turns them.
  bool exif_orientation = true;
};

/// The content of an ONNX file that BART wrote.
struct OnnxModel {
  StateDict state;
  std::vector<std::string> classes;
  bool exif_orientation = true;  // whether pictures are turned as their EXIF tag says
};

/// The bytes of an ONNX model that ONNX's own checker approves: class probabilities as the output
/// "probabilities", [batch, classes]; parameters under their PyTorch names; class names and preprocessing in
/// metadata_props. The same arguments give the same bytes. Throws Error when state and classes do not fit
/// each other, when a weight does not fit a float16, or for an opset outside oldest_opset to newest_opset.
std::vector<std::uint8_t> encode_onnx(const StateDict& state, const std::vector<std::string>& classes,
                                      const OnnxOptions& options = {});

/// Reads what encode_onnx wrote; every value is the one written (rounded to float16 where `half` was set).
/// Throws Error for anything else: a graph of another producer need not be a network of BART's kind.
OnnxModel decode_onnx(std::span<const std::uint8_t> file);

}  // namespace bart
