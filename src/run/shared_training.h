#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bart/checkpoint/data_fingerprint.h"
#include "bart/platform/group.h"
#include "bart/record/run_settings.h"
#include "bart/training/train.h"

namespace bart {

// What the processes of a shared training tell each other apart from the sums of a step. Process 0 leads: it
// alone reads checkpoints and writes files.

/// What the leader tells the others before pictures are read.
struct SharedStart {
  std::filesystem::path folder;  // of the pictures
  RunSettings settings;          // as settled by the leader
};
/// Every process calls it; the argument of process 0 is returned by all. Throws Error when this process is of
/// another version than process 0.
SharedStart share_start(Group& group, const SharedStart& start);

/// Every process calls it when it has read its pictures. Throws Error when they are not the same everywhere.
void check_same_pictures(Group& group, const DataFingerprint& own, const std::vector<std::string>& files);

/// The state to begin with, which process 0 has and all get.
TrainingState share_state(Group& group, std::optional<TrainingState> state);

struct Computers {
  std::vector<std::string> hosts;  // of each process
  std::string difference;          // a sentence if their processors are of different kinds
};
/// Every process calls it.
Computers share_computers(Group& group);

}  // namespace bart
