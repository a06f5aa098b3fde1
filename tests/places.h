#pragma once

#include <filesystem>

namespace bart::test {

/// tests/ of this checkout.
std::filesystem::path tests_folder();

/// The reference data, beside this checkout; a test that needs it is skipped where it is absent.
std::filesystem::path shared_folder();

}  // namespace bart::test
