#include "noise.h"

#include <string>
#include <vector>

#include "bart/platform/hash.h"
#include "bart/random/mt19937.h"

namespace bart {

LoadedPictures noise_pictures(const Architecture& architecture, std::size_t n) {
  Mt19937 generator(10);
  LoadedPictures noise;
  noise.image_size = architecture.image_size;
  for (int c = 0; c < architecture.classes; ++c) noise.classes.push_back(std::to_string(c));
  std::vector<std::uint8_t> pixels(noise.bytes_each());
  noise.pixels = ByteStore::in_memory(n * pixels.size());
  for (std::size_t i = 0; i < n; ++i) {
    noise.files.push_back(std::to_string(i));
    noise.labels.push_back(static_cast<std::int32_t>(i % noise.classes.size()));
    for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(generator.next() >> 24);
    noise.pixels.write(i * pixels.size(), pixels);
    noise.slots.push_back(static_cast<std::uint32_t>(i));
    noise.hashes.push_back(hash_of(pixels));
  }
  return noise;
}

}  // namespace bart
