#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bart {

/// From now on a read of this mapping whose bytes the file no longer has (somebody cut it short, or
/// the disk failed) ends the process with the sentence on stderr and exit code 1, where SIGBUS would end it
/// without a word. Other SIGBUS go where they went before. Up to 32 mappings at a time; of more, the later
/// ones are not watched. From any thread.
void watch_mapping(const std::uint8_t* first, std::size_t bytes, std::string_view sentence);

/// Before it is unmapped. Nothing where it was not watched.
void unwatch_mapping(const std::uint8_t* first);

}  // namespace bart
