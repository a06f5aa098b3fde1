#pragma once

#include <onnx/onnx_pb.h>

#include <string>

namespace bart {

/// Constants and values of the preprocessing have names that begin so.
inline constexpr const char* preprocessing_prefix = "preprocessing.";

/// Adds nodes that make `images`, float32 [1, 3, size, size] from 0 to 1, of `image`, uint8
/// [height, width, 3] of any height and width, resized as Pillow's Image.resize((size, size)) does: equal in
/// every byte on every runtime, for all of it is integer arithmetic.
///
/// ONNX's Resize operator cannot do that: its antialiased bicubic is rounded and cut off at the edges as each
/// runtime likes. So the resampling stands in the graph as what it is, a product with a matrix of weights for
/// each axis. The weights are Pillow's, in 22-bit fixed point, and split into bytes for MatMulInteger.
void add_preprocessing(onnx::GraphProto& graph, const std::string& image, const std::string& images,
                       int size);

}  // namespace bart
