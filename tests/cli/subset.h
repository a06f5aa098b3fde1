#pragma once

#include <filesystem>

#include "places.h"

namespace bart::test {

inline const std::filesystem::path goldens = tests_folder() / "goldens";
/// The real pictures, of all classes.
inline const std::filesystem::path subset = shared_folder() / "data" / "simpsons_subset";

}  // namespace bart::test
