#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

/// A picture as TensorBoard shows it under "Images": the bytes of a PNG or JPEG file.
struct TensorBoardImage {
  std::string tag;
  int width = 0, height = 0;
  std::vector<std::uint8_t> file;
};

std::vector<std::uint8_t> encode_image_event(double wall_time, std::int64_t step,
                                             std::span<const TensorBoardImage> images);

/// A text in Markdown, shown under "Text", as torch.utils.tensorboard's add_text() writes it.
std::vector<std::uint8_t> encode_text_event(double wall_time, std::int64_t step, std::string_view tag,
                                            std::string_view markdown);

/// A setting of a training; `number` has no value for a text.
struct TensorBoardSetting {
  std::string name;
  std::string text;
  std::optional<double> number;
};

/// What the table under "HParams" needs of a training: its settings, and which scalars are its results
/// (tensorboard/plugins/hparams/plugin_data.proto and api.proto).
std::vector<std::uint8_t> encode_settings_event(double wall_time,
                                                std::span<const TensorBoardSetting> settings,
                                                std::span<const std::string> result_tags);

/// The end of a training for that table, which otherwise shows it as running.
std::vector<std::uint8_t> encode_session_end_event(double wall_time, bool success);

}  // namespace bart
