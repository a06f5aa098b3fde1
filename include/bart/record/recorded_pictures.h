#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>

#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/record/run_folder.h"

namespace bart {

/// The pictures of a training by their content, so that they are recognized wherever they lie and whatever
/// they are called: LoadedPictures::hashes, which are of the pixels at the network's size.
struct RecordedPictures {
  std::unordered_set<std::uint64_t> train, validation, test;
};

/// The content of pictures.csv: file, class, part ("train", "validation", "test") and fingerprint of every
/// picture.
std::string encode_recorded_pictures(const LoadedPictures& pictures, const Split& split);

/// Reads the pictures.csv of a training. Throws Error when it is missing (the first versions wrote none) or
/// not what it should be.
RecordedPictures read_recorded_pictures(const RunFolder& run);

/// How many of `pictures` were trained on. They must have been loaded at the training's image size.
std::size_t trained_on(const RecordedPictures& recorded, const LoadedPictures& pictures);

}  // namespace bart
