#include "protobuf_reader.h"

#include "bart/platform/error.h"

namespace bart {

std::span<const std::uint8_t> ProtobufReader::take(std::uint64_t count) {
  if (count > rest_.size()) throw Error("the protobuf data is truncated, or no protobuf at all");
  const auto taken = rest_.first(static_cast<std::size_t>(count));
  rest_ = rest_.subspan(static_cast<std::size_t>(count));
  return taken;
}

std::uint64_t ProtobufReader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    const std::uint8_t byte = take(1)[0];
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  throw Error("the protobuf data holds a number of more than ten bytes");
}

std::optional<ProtobufField> ProtobufReader::next() {
  if (at_end()) return std::nullopt;
  const std::uint64_t tag = varint();
  ProtobufField field{.number = static_cast<std::uint32_t>(tag >> 3), .value = 0, .bytes = {}};
  switch (tag & 7) {
    case 0:
      field.value = varint();
      break;
    case 1:
      field.bytes = take(8);
      break;
    case 2:
      field.bytes = take(varint());
      break;
    case 5:
      field.bytes = take(4);
      break;
    default:
      throw Error("the protobuf data is damaged, or no protobuf at all");
  }
  return field;
}

}  // namespace bart
