#include "places.h"

namespace bart::test {

std::filesystem::path tests_folder() {
  return BART_TEST_SOURCE_DIR;
}

std::filesystem::path shared_folder() {
  return BART_SHARED_DIR;
}

}  // namespace bart::test
