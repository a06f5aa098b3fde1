#pragma once

#include <cstdint>

namespace bart {

/// How the flat arrays of parameters are cut into pieces of work, whatever the number of threads.
inline constexpr std::int64_t parameter_chunk = 1 << 14;

inline std::int64_t parameter_chunks(std::int64_t count) {
  return (count + parameter_chunk - 1) / parameter_chunk;
}

}  // namespace bart
