#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/training/train.h"

namespace bart {

/// What a model reached on the test pictures.
struct TestRecord {
  std::string model;
  double accuracy;  // from 0 to 1
  double macro_f1;
  double loss;
};

/// What bart-run/ keeps of a training beside the original's files.
struct RunRecord {
  std::string command;
  std::string started;  // ISO 8601, UTC
  std::filesystem::path data_folder;
  double test_size;
  bool ignore_exif;
  std::string split;  // "original", "stratified" or "grouped"
  double validation_size;
  std::optional<std::int64_t> resumed_after_step = {};  // the last time that it was resumed
  std::vector<TestRecord> tests = {};                   // at the end, where there was a validation set
};

/// The time now as ISO 8601 in UTC.
std::string iso_time();

/// Writes run.json (command, version, machine, data, results so far) into `folder`. `status` is "running",
/// "finished", "stopped" (by --max-steps) or "interrupted".
void write_run_json(const std::filesystem::path& folder, const RunRecord& record,
                    const LoadedPictures& pictures, const Split& split, const TrainOptions& options,
                    const std::vector<StepRecord>& steps, const std::vector<EpochRecord>& epochs,
                    const std::string& status);

/// Writes steps.csv (step, epoch, loss with 9 digits: enough to give the float back) into `folder`.
void write_steps_csv(const std::filesystem::path& folder, const std::vector<StepRecord>& steps);

/// Writes test_pictures.csv into `folder`: for each picture of inference_images/ the file that it was made
/// from, "class/name" in the data folder, and that file's bytes.
void write_test_pictures_csv(const std::filesystem::path& folder, const std::filesystem::path& data_folder,
                             const LoadedPictures& pictures, const Split& split);

/// What a training read, as its run.json tells it.
struct RecordedData {
  std::filesystem::path folder;
  bool ignore_exif;
  bool unfinished;  // running, interrupted or killed: the model is not written yet
};

/// The content of a run.json. Throws Error when it is none ("is not …", to stand behind a file's name).
RecordedData decode_recorded_data(std::span<const std::uint8_t> json);

/// Throws Error when `run_folder` holds no run.json of a training.
RecordedData read_recorded_data(const std::filesystem::path& run_folder);

/// The test pictures of a training. Throws Error when its test_pictures.csv cannot be read, or when one of
/// the files is gone from `data_folder` or has other bytes than it had.
Listing recorded_test_pictures(const std::filesystem::path& run_folder,
                               const std::filesystem::path& data_folder);

}  // namespace bart
