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
  Bytes message = event(wall_time, step);
  append_bytes(message, 5, summary);  // Event.summary
  return framed(message);
}

}  // namespace bart
