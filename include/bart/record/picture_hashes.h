#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/record/run_folder.h"

namespace bart {

/// The pictures of a training by their content: LoadedPictures::hashes of each part of the split.
struct PictureHashes {
  std::vector<std::uint64_t> train, validation, test;
};

/// A picture of a training.
struct RecordedPicture {
  Part part = Part::none;    // train, validation or test
  std::string file;          // in the data folder
  std::uint64_t pixels = 0;  // the hash of its resized pixels
  std::string class_name;
};

/// The content of pictures.csv: one row per picture with its part, its file ("class/name" in the data
/// folder), the hash of its resized pixels in hexadecimal, and its class.
std::string encode_picture_hashes(const LoadedPictures& pictures, const Split& split);

/// The pictures that the training recorded, in its order; nothing for a training of BART 0.1, which recorded
/// none. Throws Error when the file cannot be read, or is not what bart train writes.
std::optional<std::vector<RecordedPicture>> read_recorded_pictures(const RunFolder& run);

/// The hashes that the training recorded; nothing for a training of BART 0.1, which recorded none. Throws
/// Error when the file cannot be read, or is not what bart train writes.
std::optional<PictureHashes> read_picture_hashes(const RunFolder& run);

/// The hashes of the pictures in one part of the training's split: train, validation or test. Throws Error
/// when the training recorded no hashes, or when it had no pictures in this part.
std::vector<std::uint64_t> hashes_of_part(const RunFolder& run, Part part);

}  // namespace bart
