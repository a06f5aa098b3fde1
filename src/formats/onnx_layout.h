#pragma once

#include <cstddef>
#include <cstdint>

/// How an ONNX file of BART is recognized, and where it keeps what is not in the graph.
namespace bart::onnx_layout {

inline constexpr const char* producer = "bart";
inline constexpr std::int64_t version = 1;  // of this layout, as model_version
/// The format's version that came with an opset (ONNX's docs/Versioning.md): readers of the opset's time know
/// it.
constexpr std::int64_t ir_version(int opset) {
  return opset < 15 ? 7 : 8;
}
inline constexpr std::size_t max_bytes = 0x7fffffff;  // protobuf's limit

// Where metadata_props holds num_batches_tracked, which is not part of the graph: JSON, {name: count}.
inline constexpr const char* counters_key = "num_batches_tracked";

}  // namespace bart::onnx_layout
