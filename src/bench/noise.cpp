#include "noise.h"

#include <string>

#include "bart/random/mt19937.h"

namespace bart {

LoadedPictures noise_pictures(const Architecture& architecture, std::size_t n) {
  Mt19937 generator(10);
  LoadedPictures noise;
  noise.image_size = architecture.image_size;
  for (int c = 0; c < architecture.classes; ++c) noise.classes.push_back(std::to_string(c));
  const auto size = static_cast<std::size_t>(architecture.image_size);
  noise.pixels.resize(n * size * size * 3);
  for (std::uint8_t& value : noise.pixels) value = static_cast<std::uint8_t>(generator.next() >> 24);
  for (std::size_t i = 0; i < n; ++i) {
    noise.files.push_back(std::to_string(i));
    noise.labels.push_back(static_cast<std::int32_t>(i % noise.classes.size()));
  }
  return noise;
}

}  // namespace bart
