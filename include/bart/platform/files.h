#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace bart {

/// The whole content of a regular file. Throws Error, naming the path and the system's reason; also when the
/// file is larger than `limit` bytes, which is checked before memory is taken.
std::vector<std::uint8_t> read_file(const std::filesystem::path& path, std::uint64_t limit = std::uint64_t{1} << 32);

/// Replaces `path` by `content`, or leaves it as it was: written to a temporary file beside it, fsynced,
/// renamed, the folder fsynced. Throws Error, naming the path and the system's reason.
void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> content);
void write_file(const std::filesystem::path& path, std::string_view content);

}  // namespace bart
