#pragma once

#include <filesystem>

#include "bart/checkpoint/data_fingerprint.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/network/architecture.h"
#include "bart/training/train.h"
#include "log.h"
#include "progress.h"
#include "run_record.h"
#include "train_flags.h"

namespace bart {

/// Where the settings of a checkpoint keep when its training began.
inline constexpr const char* started_setting = "started";

/// A training that is ready to begin, or to go on.
struct PreparedTraining {
  TrainFlags flags;
  RunRecord record;
  LoadedPictures pictures;
  DataFingerprint data;
  Split split;
  Architecture architecture;
  TrainingState from;
  std::filesystem::path checkpoint;  // that it goes on from; empty for a new one
};

/// Trains, and keeps what has been done: bart-run/ as it goes, the models at the end. A first signal ends it
/// with a checkpoint. Returns the exit code.
int run_training(PreparedTraining prepared, Log& log, Progress& progress);

/// Whether `path` is `folder` or lies below it.
bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder);

}  // namespace bart
