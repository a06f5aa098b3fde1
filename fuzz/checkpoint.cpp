// A checkpoint whose checksum is corrected, so that no mutation is wasted: what is read can be written again.
#include "bart/checkpoint/checkpoint.h"

#include <cstring>

#include "bart/platform/error.h"
#include "bart/platform/hash.h"
#include "tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> file(data, data + size);
  if (size >= 8) {
    const std::uint64_t sum = bart::hash_of(std::span(file).first(size - 8));
    std::memcpy(file.data() + size - 8, &sum, 8);
  }
  try {
    bart::Checkpoint checkpoint = bart::decode_checkpoint(file);
    require_whole(checkpoint.training.model);
    require_whole(checkpoint.training.adam.exp_avg);
    const std::vector<std::uint8_t> written = bart::encode_checkpoint(std::move(checkpoint));
    REQUIRE(bart::encode_checkpoint(bart::decode_checkpoint(written)) == written);
  } catch (const bart::Error& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
