// What is read can be written, and is then read as the same.
#include "bart/formats/safetensors.h"

#include <cstring>

#include "bart/platform/error.h"
#include "tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const bart::Safetensors content = bart::decode_safetensors({data, size});
    require_whole(content.tensors);
    const std::vector<std::uint8_t> written = bart::encode_safetensors(content);
    const bart::Safetensors again = bart::decode_safetensors(written);
    REQUIRE(again.metadata == content.metadata && again.tensors.size() == content.tensors.size());
    REQUIRE(bart::encode_safetensors(again) == written);  // bytes, for NaN is not equal to itself
  } catch (const bart::Error& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
