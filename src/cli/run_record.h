#pragma once

#include <filesystem>
#include <string>

#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/training/train.h"

namespace bart {

/// What bart-run/ keeps of a training beside the original's files.
struct RunRecord {
  std::string command;
  std::string started;  // ISO 8601, UTC
  std::filesystem::path data_folder;
  double test_size;
  bool ignore_exif;
  std::string split;  // "original", "stratified" or "grouped"
};

/// The time now as ISO 8601 in UTC.
std::string iso_time();

/// Writes run.json (command, version, machine, data, results so far) into `folder`. `status` is "running",
/// "finished" or "stopped".
void write_run_json(const std::filesystem::path& folder, const RunRecord& record,
                    const LoadedPictures& pictures, const Split& split, const TrainOptions& options,
                    const std::vector<StepRecord>& steps, const std::vector<EpochRecord>& epochs,
                    const std::string& status);

/// Writes steps.csv (step, epoch, loss with 9 digits: enough to give the float back) into `folder`.
void write_steps_csv(const std::filesystem::path& folder, const std::vector<StepRecord>& steps);

}  // namespace bart
