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

/// The number of first bytes of a file that tell its format; a shorter file is taken as a whole.
inline constexpr std::size_t picture_format_bytes = 256;

/// The format that the first bytes of a file state; empty for an unknown format. A format that is read does
/// not mean that the file is complete.
std::optional<PictureFormat> picture_format_of(std::span<const std::uint8_t> first_bytes);

}  // namespace bart
