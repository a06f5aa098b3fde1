#pragma once

namespace bart {

/// Whether this is a build for fuzzing. Wrong checksums then pass, because no mutation would get past them,
/// and a file may expand to little only. The macro is libFuzzer's convention.
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
inline constexpr bool built_for_fuzzing = true;
#else
inline constexpr bool built_for_fuzzing = false;
#endif

}  // namespace bart
