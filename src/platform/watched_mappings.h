#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bart {

/// From now on, reading a part of this mapping that the file no longer has (because somebody cut it short, or
/// the disk failed) ends the process with the sentence on stderr and exit code 1, instead of SIGBUS without a
/// word. Other SIGBUS are handled as before. At most 32 mappings are watched at a time; later ones are not.
/// May be called from any thread.
void watch_mapping(const std::uint8_t* first, std::size_t bytes, std::string_view sentence);

/// Must be called before the mapping is unmapped. Has no effect if it was not watched.
void unwatch_mapping(const std::uint8_t* first);

}  // namespace bart
