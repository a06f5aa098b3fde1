// The class names in a model's metadata: what is read can be written, and is then read as the same.
#include "bart/formats/model_metadata.h"

#include <cstddef>
#include <cstdint>

#include "bart/platform/error.h"
#include "require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::vector<std::string> classes =
        bart::classes_of_text({reinterpret_cast<const char*>(data), size});
    REQUIRE(bart::classes_of_text(bart::classes_text(classes)) == classes);
  } catch (const bart::Error& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
