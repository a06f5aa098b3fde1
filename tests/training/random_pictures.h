#pragma once

#include <fmt/format.h>

#include <numeric>
#include <random>
#include <utility>

#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/platform/hash.h"

namespace bart::test {

/// Noise, as if it had been loaded: enough for what does not depend on what is on the pictures.
inline LoadedPictures random_pictures(std::size_t count, int classes, int image_size) {
  LoadedPictures pictures;
  pictures.image_size = image_size;
  for (int c = 0; c < classes; ++c) pictures.classes.push_back(fmt::format("class{}", c));
  std::mt19937 generator(1);
  std::vector<std::uint8_t> pixels(pictures.bytes_each());
  pictures.pixels = ByteStore::in_memory(count * pixels.size());
  for (std::size_t i = 0; i < count; ++i) {
    const int label = static_cast<int>(i) % classes;
    pictures.labels.push_back(label);
    pictures.files.push_back(fmt::format("class{}/{}.png", label, i));
    for (std::uint8_t& byte : pixels) byte = static_cast<std::uint8_t>(generator());
    pictures.pixels.write(i * pixels.size(), pixels);
    pictures.slots.push_back(static_cast<std::uint32_t>(i));
    pictures.hashes.push_back(hash_of(pixels));
  }
  return pictures;
}

/// The first `test` pictures on one side, the others on the other.
inline Split first_for_testing(std::size_t count, std::size_t test) {
  Split split{std::vector<std::uint32_t>(count - test), std::vector<std::uint32_t>(test)};
  std::iota(split.test.begin(), split.test.end(), 0u);
  std::iota(split.train.begin(), split.train.end(), static_cast<std::uint32_t>(test));
  return split;
}

/// `pictures` without those that are not trained on, in the order of `split.train`.
inline LoadedPictures training_pictures(LoadedPictures pictures, const Split& split) {
  const auto pick = [&](auto& values) {
    std::decay_t<decltype(values)> picked;
    for (const std::uint32_t i : split.train) picked.push_back(values[i]);
    values = std::move(picked);
  };
  pick(pictures.files);
  pick(pictures.labels);
  pick(pictures.slots);
  pick(pictures.hashes);
  return pictures;
}

}  // namespace bart::test
