// The table of contents of a cache of pixels, whose checksum is corrected, so that no mutation is wasted:
// what is read names only existing slots, in order, and can be written and read again with the same result.
#include "cache_index.h"

#include <cstring>

#include "bart/platform/error.h"
#include "bart/platform/hash.h"
#include "require.h"

namespace {

constexpr std::size_t head = 16;  // the format's name, then the checksum of what follows

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> file(data, data + size);
  if (size >= head) {
    const std::uint64_t sum = bart::hash_of(std::span(file).subspan(head));
    std::memcpy(file.data() + head - sizeof sum, &sum, sizeof sum);
  }
  try {
    const bart::CacheIndex index = bart::decode_cache_index(file);
    for (std::size_t i = 0; i < index.pictures.size(); ++i) {
      REQUIRE(i == 0 || index.pictures[i - 1].file < index.pictures[i].file);
      REQUIRE(index.pictures[i].record.broken || index.pictures[i].record.slot < index.slots);
    }
    const std::vector<std::uint8_t> written = bart::encode_cache_index(index);
    REQUIRE(written.size() == size);
    REQUIRE(bart::encode_cache_index(bart::decode_cache_index(written)) == written);
  } catch (const bart::Error& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
