#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bart/checkpoint/checkpoint.h"

namespace bart {

// A folder keeps the last two checkpoints of a training, checkpoint-<steps>.safetensors. These functions are
// for the process that holds the lock of the folder.

/// Writes the newest checkpoint, then removes all others except the one before it, and those of an earlier
/// training. Returns the path. When it cannot be written, throws Error and leaves the older ones as they are.
std::filesystem::path save_checkpoint(const std::filesystem::path& folder, Checkpoint checkpoint);

struct FoundCheckpoint {
  std::filesystem::path path;
  Checkpoint checkpoint;
  std::vector<std::string> damaged;  // newer checkpoints that cannot be used, each with the reason
};

/// The newest usable checkpoint. When there is none, throws Error and says what there is.
FoundCheckpoint newest_checkpoint(const std::filesystem::path& folder);

/// For a new training in the folder of an earlier one: renames the checkpoints of the earlier one to
/// earlier-<steps>.safetensors. newest_checkpoint() passes over these, and the first save_checkpoint() after
/// the first step removes them. Returns the newest of them.
std::optional<std::filesystem::path> set_checkpoints_aside(const std::filesystem::path& folder);

/// Undoes set_checkpoints_aside(), for a training that fails before it has a checkpoint of its own.
void restore_checkpoints(const std::filesystem::path& folder);

/// Whether there is a checkpoint, usable or not.
bool has_checkpoint(const std::filesystem::path& folder);

}  // namespace bart
