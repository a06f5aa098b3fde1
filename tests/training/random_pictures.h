#pragma once

#include <fmt/format.h>

#include <numeric>
#include <random>
#include <utility>

#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/platform/hash.h"

namespace bart::test {

/// Noise in the form of loaded pictures, for tests that do not depend on the content of pictures.
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

/// A split with the first `test` pictures for testing and the others for training.
inline Split first_for_testing(std::size_t count, std::size_t test) {
  Split split{std::vector<std::uint32_t>(count - test), std::vector<std::uint32_t>(test)};
  std::iota(split.test.begin(), split.test.end(), 0u);
  std::iota(split.train.begin(), split.train.end(), static_cast<std::uint32_t>(test));
  return split;
}

/// Only those of `pictures` that are trained on, in the order of `split.train`.
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
