#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bart {

/// One point of a curve, as TensorBoard shows it under "Scalars".
struct TensorBoardScalar {
  std::string tag;  // "loss/step"; what stands before the slash groups the curves
  float value;
};

/// The first record of a TensorBoard event file (events.out.tfevents.…). `wall_time` is in seconds since
/// 1970.
std::vector<std::uint8_t> encode_event_file_start(double wall_time);

/// A record of scalars that belong to one step, to be appended to such a file. Records follow each
/// other, each with two checksums: TFRecord framing around tensorflow.Event messages
/// (tensorflow/core/lib/io/record_writer.cc, tensorflow/core/util/event.proto, framework/summary.proto).
std::vector<std::uint8_t> encode_scalar_event(double wall_time, std::int64_t step,
                                              std::span<const TensorBoardScalar> scalars);

}  // namespace bart
