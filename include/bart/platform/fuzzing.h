#pragma once

namespace bart {

/// In a build for fuzzing, wrong checksums pass, or no mutation would get past them, and the limits on what a
/// file expands to are low. The macro is libFuzzer's convention.
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
inline constexpr bool built_for_fuzzing = true;
#else
inline constexpr bool built_for_fuzzing = false;
#endif

}  // namespace bart
