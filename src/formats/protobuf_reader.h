#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace bart {

/// One field of a protobuf message: `value` of a number, `bytes` of a string, sub-message or packed list.
struct ProtobufField {
  std::uint32_t number = 0;
  std::uint64_t value = 0;
  std::span<const std::uint8_t> bytes;

  std::string_view text() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

/// Walks over the fields of one protobuf message where it lies, without taking memory: a file of strangers
/// may hold any number of anything (https://protobuf.dev/programming-guides/encoding). Throws Error where the
/// message ends within a field or is not a protobuf message.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::span<const std::uint8_t> message) : rest_(message) {}

  /// The next field, or nothing after the last.
  std::optional<ProtobufField> next();

  /// A bare number, as packed lists hold them.
  std::uint64_t varint();
  bool at_end() const { return rest_.empty(); }

 private:
  std::span<const std::uint8_t> take(std::uint64_t count);

  std::span<const std::uint8_t> rest_;
};

}  // namespace bart
