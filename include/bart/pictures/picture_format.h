#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace bart {

/// What kind of file this is.
struct PictureFormat {
  std::string_view name;  // "JPEG"; of files that are known but not read, in the plural: "HEIC pictures"
  bool is_read = false;   // whether decode_picture reads this format
};

/// So many first bytes of a file tell its format; fewer do where the file is shorter.
inline constexpr std::size_t picture_format_bytes = 256;

/// The format that the first bytes of a file state; nothing where they are of no known format. That the
/// format is read does not mean that the file is whole.
std::optional<PictureFormat> picture_format_of(std::span<const std::uint8_t> first_bytes);

}  // namespace bart
