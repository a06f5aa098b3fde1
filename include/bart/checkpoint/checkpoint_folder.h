#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bart/checkpoint/checkpoint.h"

namespace bart {

// A folder keeps the last two checkpoints of a training, checkpoint-<steps>.safetensors. All of these
// functions are for the one process that holds the folder.

/// Writes the checkpoint as the newest, then removes all but it and the one before, and what an earlier
/// training had left.
/// Returns its path. Throws Error, with everything older left as it was, when it cannot be written.
std::filesystem::path save_checkpoint(const std::filesystem::path& folder, Checkpoint checkpoint);

struct FoundCheckpoint {
  std::filesystem::path path;
  Checkpoint checkpoint;
  std::vector<std::string> damaged;  // newer ones that cannot be used, each with its reason
};

/// The newest good checkpoint. Throws Error, saying what there is, when there is none.
FoundCheckpoint newest_checkpoint(const std::filesystem::path& folder);

/// For a training that begins anew where another has been: its checkpoints become
/// earlier-<steps>.safetensors, which newest_checkpoint() passes over and the first save_checkpoint()
/// removes, unless it is of a training before its first step. Returns the newest of them.
std::optional<std::filesystem::path> set_checkpoints_aside(const std::filesystem::path& folder);

/// Undoes set_checkpoints_aside(), for a training that failed before it had a checkpoint of its own.
void restore_checkpoints(const std::filesystem::path& folder);

/// Whether there is a checkpoint, good or damaged.
bool has_checkpoint(const std::filesystem::path& folder);

}  // namespace bart
