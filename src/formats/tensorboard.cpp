#include "bart/formats/tensorboard.h"

#include <array>
#include <bit>
#include <string_view>

namespace bart {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), RFC 3720 appendix B.4.
std::uint32_t crc32c(std::span<const std::uint8_t> bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> entries{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
      entries[i] = crc;
    }
    return entries;
  }();
  std::uint32_t crc = ~0u;
  for (const std::uint8_t byte : bytes) crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF];
  return ~crc;
}

template <typename Number>
void append_little_endian(Bytes& to, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) to.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

/// "Masked", as record_writer.cc stores it, so that a record may hold checksums itself.
void append_masked_crc(Bytes& to, std::span<const std::uint8_t> of) {
  append_little_endian(to, std::rotr(crc32c(of), 15) + 0xa282ead8u);
}

Bytes framed(const Bytes& message) {
  Bytes record;
  append_little_endian(record, static_cast<std::uint64_t>(message.size()));
  append_masked_crc(record, Bytes(record));
  record.insert(record.end(), message.begin(), message.end());
  append_masked_crc(record, message);
  return record;
}

// Protobuf's wire format (https://protobuf.dev/programming-guides/encoding).

void append_varint(Bytes& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<std::uint8_t>(value | 0x80));
  to.push_back(static_cast<std::uint8_t>(value));
}

enum class WireType : std::uint8_t { varint = 0, eight_bytes = 1, length_delimited = 2, four_bytes = 5 };

void append_tag(Bytes& to, std::uint32_t field, WireType type) {
  append_varint(to, field << 3 | static_cast<std::uint32_t>(type));
}

void append_bytes(Bytes& to, std::uint32_t field, std::span<const std::uint8_t> bytes) {
  append_tag(to, field, WireType::length_delimited);
  append_varint(to, bytes.size());
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void append_text(Bytes& to, std::uint32_t field, std::string_view text) {
  append_bytes(to, field, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

/// The message tensorflow.Event up to its step: wall_time = 1, step = 2.
Bytes event(double wall_time, std::int64_t step) {
  Bytes message;
  append_tag(message, 1, WireType::eight_bytes);
  append_little_endian(message, std::bit_cast<std::uint64_t>(wall_time));
  if (step != 0) {  // proto3 leaves zeros out
    append_tag(message, 2, WireType::varint);
    append_varint(message, static_cast<std::uint64_t>(step));
  }
  return message;
}

/// A record of tensorflow.Event with the message Summary.
Bytes summary_record(double wall_time, std::int64_t step, const Bytes& summary) {
  Bytes message = event(wall_time, step);
  append_bytes(message, 5, summary);  // Event.summary
  return framed(message);
}

void append_number(Bytes& to, std::uint32_t field, std::uint64_t value) {
  append_tag(to, field, WireType::varint);
  append_varint(to, value);
}

/// The message SummaryMetadata that names the plugin a value is for.
Bytes metadata_of(std::string_view plugin, const Bytes& content) {
  Bytes data, metadata;
  append_text(data, 1, plugin);                          // PluginData.plugin_name
  if (!content.empty()) append_bytes(data, 2, content);  // .content
  append_bytes(metadata, 1, data);                       // SummaryMetadata.plugin_data
  return metadata;
}

/// A value of the HParams plugin; `field` is that of HParamsPluginData.
Bytes settings_value(std::string_view tag, std::uint32_t field, const Bytes& message) {
  Bytes content, value;
  append_bytes(content, field, message);
  append_text(value, 1, tag);
  append_bytes(value, 9, metadata_of("hparams", content));  // Summary.Value.metadata
  return value;
}

}  // namespace

std::vector<std::uint8_t> encode_event_file_start(double wall_time) {
  Bytes message = event(wall_time, 0);
  append_text(message, 3, "brain.Event:2");  // Event.file_version
  return framed(message);
}

std::vector<std::uint8_t> encode_scalar_event(double wall_time, std::int64_t step,
                                              std::span<const TensorBoardScalar> scalars) {
  Bytes summary;
  for (const TensorBoardScalar& scalar : scalars) {
    Bytes value;
    append_text(value, 1, scalar.tag);           // Summary.Value.tag
    append_tag(value, 2, WireType::four_bytes);  // .simple_value
    append_little_endian(value, std::bit_cast<std::uint32_t>(scalar.value));
    append_bytes(summary, 1, value);  // Summary.value
  }
  return summary_record(wall_time, step, summary);
}

std::vector<std::uint8_t> encode_image_event(double wall_time, std::int64_t step,
                                             std::span<const TensorBoardImage> images) {
  Bytes summary;
  for (const TensorBoardImage& image : images) {
    Bytes shown, value;
    append_number(shown, 1, static_cast<std::uint64_t>(image.height));  // Summary.Image.height
    append_number(shown, 2, static_cast<std::uint64_t>(image.width));
    append_number(shown, 3, 3);          // .colorspace: RGB
    append_bytes(shown, 4, image.file);  // .encoded_image_string
    append_text(value, 1, image.tag);
    append_bytes(value, 4, shown);  // Summary.Value.image
    append_bytes(summary, 1, value);
  }
  return summary_record(wall_time, step, summary);
}

std::vector<std::uint8_t> encode_text_event(double wall_time, std::int64_t step, std::string_view tag,
                                            std::string_view markdown) {
  Bytes dimension, shape, tensor, value, summary;
  append_number(dimension, 1, 1);     // TensorShapeProto.Dim.size
  append_bytes(shape, 2, dimension);  // TensorShapeProto.dim
  append_number(tensor, 1, 7);        // TensorProto.dtype: DT_STRING
  append_bytes(tensor, 2, shape);     // .tensor_shape
  append_text(tensor, 8, markdown);   // .string_val
  append_text(value, 1, std::string(tag) + "/text_summary");
  append_bytes(value, 8, tensor);  // Summary.Value.tensor
  append_bytes(value, 9, metadata_of("text", {}));
  append_bytes(summary, 1, value);
  return summary_record(wall_time, step, summary);
}

std::vector<std::uint8_t> encode_settings_event(double wall_time,
                                                std::span<const TensorBoardSetting> settings,
                                                std::span<const std::string> result_tags) {
  Bytes experiment, session;
  for (const TensorBoardSetting& setting : settings) {
    Bytes info, value, entry;
    append_text(info, 1, setting.name);              // HParamInfo.name
    append_number(info, 4, setting.number ? 3 : 1);  // .type: DATA_TYPE_FLOAT64 or _STRING
    append_bytes(experiment, 4, info);               // Experiment.hparam_infos
    if (setting.number) {
      append_tag(value, 2, WireType::eight_bytes);  // google.protobuf.Value.number_value
      append_little_endian(value, std::bit_cast<std::uint64_t>(*setting.number));
    } else {
      append_text(value, 3, setting.text);  // .string_value
    }
    append_text(entry, 1, setting.name);  // a map is a list of keys and values
    append_bytes(entry, 2, value);
    append_bytes(session, 1, entry);  // SessionStartInfo.hparams
  }
  for (const std::string& tag : result_tags) {
    Bytes name, info;
    append_text(name, 2, tag);          // MetricName.tag
    append_bytes(info, 1, name);        // MetricInfo.name
    append_bytes(experiment, 5, info);  // Experiment.metric_infos
  }
  append_tag(session, 5, WireType::eight_bytes);  // SessionStartInfo.start_time_secs
  append_little_endian(session, std::bit_cast<std::uint64_t>(wall_time));
  Bytes summary;
  append_bytes(summary, 1, settings_value("_hparams_/experiment", 2, experiment));
  append_bytes(summary, 1, settings_value("_hparams_/session_start_info", 3, session));
  return summary_record(wall_time, 0, summary);
}

std::vector<std::uint8_t> encode_session_end_event(double wall_time, bool success) {
  Bytes end, summary;
  append_number(end, 1, success ? 1 : 2);     // SessionEndInfo.status: STATUS_SUCCESS or STATUS_FAILURE
  append_tag(end, 2, WireType::eight_bytes);  // .end_time_secs
  append_little_endian(end, std::bit_cast<std::uint64_t>(wall_time));
  append_bytes(summary, 1, settings_value("_hparams_/session_end_info", 4, end));
  return summary_record(wall_time, 0, summary);
}

}  // namespace bart
