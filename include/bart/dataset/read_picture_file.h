#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace bart {

/// No picture of decode.h's `max_pixels` needs a larger file, short of some uncompressed ones with 16 bits
/// and more per channel.
inline constexpr std::uint64_t max_picture_file_bytes = std::uint64_t{1} << 30;

/// The whole content of a picture file. The format of files of more than a megabyte is recognized by their
/// first bytes before they are read. Throws PictureError, with a reason but without the file's name, for a
/// file that is not a picture that BART reads, or that has more than `max_picture_file_bytes`; throws Error
/// with the path and the system's reason for a file that cannot be read.
std::vector<std::uint8_t> read_picture_file(const std::filesystem::path& path);

}  // namespace bart
