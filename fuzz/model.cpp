// A model as bart predict reads it: what is accepted is a network that can be built.
#include "bart/model/model_file.h"

#include "bart/network/architecture.h"
#include "bart/platform/error.h"
#include "tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const bart::ModelFile model = bart::decode_model_file({data, size});
    require_whole(model.state);
    const bart::Architecture architecture = bart::architecture_of(model.state);
    REQUIRE(architecture.classes > 0 && architecture.image_size > 0);
    if (!model.classes.empty())
      REQUIRE(model.classes.size() == static_cast<std::size_t>(architecture.classes));
  } catch (const bart::Error& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
