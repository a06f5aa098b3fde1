#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "bart/checkpoint/data_fingerprint.h"
#include "bart/training/train.h"

namespace bart {

// Entries of a checkpoint's settings beside those of the table of settings, which are named like flags
// ("--lr").
inline constexpr const char* folder_setting = "folder";    // the data
inline constexpr const char* started_setting = "started";  // as in the record of the training

/// The state of a training between two steps, and everything else that is needed to resume it elsewhere or
/// later.
struct Checkpoint {
  std::string version;                          // of the program that wrote it
  std::map<std::string, std::string> settings;  // whatever else the caller wants to keep, as text
  DataFingerprint data;
  TrainingState training;
};

/// The bytes of a safetensors file that ends with a checksum of 8 bytes, so that a torn or damaged file is
/// recognized. Takes the tensors of the checkpoint without copying them. Throws Error when a text is not
/// UTF-8.
std::vector<std::uint8_t> encode_checkpoint(Checkpoint checkpoint);

/// Throws Error when the file is cut short or damaged, or not what encode_checkpoint() writes.
Checkpoint decode_checkpoint(std::span<const std::uint8_t> file);

}  // namespace bart
