// The whole archive: zip, pickle, tensors.
#include "bart/formats/pth.h"

#include "bart/platform/error.h"
#include "tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    require_whole(bart::decode_pth({data, size}));
  } catch (const bart::Error& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
