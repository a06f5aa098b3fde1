#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "bart/checkpoint/data_fingerprint.h"
#include "bart/training/train.h"

namespace bart {

/// A training between two steps, and what it takes to go on with it elsewhere or later.
struct Checkpoint {
  std::string version;                          // of the program that wrote it
  std::map<std::string, std::string> settings;  // whatever else the caller wants to find again, as text
  DataFingerprint data;
  TrainingState training;
};

/// The bytes of a safetensors file whose last 8 bytes are a checksum of all before them, so that a torn or
/// damaged one is told. Takes the checkpoint's tensors without a copy. Throws Error when text is not UTF-8.
std::vector<std::uint8_t> encode_checkpoint(Checkpoint checkpoint);

/// Throws Error where the file is not whole, or not what encode_checkpoint() writes.
Checkpoint decode_checkpoint(std::span<const std::uint8_t> file);

}  // namespace bart
