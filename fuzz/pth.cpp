// The whole archive: zip, pickle, tensors.
#include "bart/formats/pth.h"

#include "bart/platform/error.h"
#include "tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const bart::PthModel model = bart::decode_pth_model({data, size});
    require_whole(model.state);
    if (model.metadata)
      REQUIRE(bart::decode_model_metadata(bart::encode_model_metadata(*model.metadata)) == *model.metadata);
  } catch (const bart::Error& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
