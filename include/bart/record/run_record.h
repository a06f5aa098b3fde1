#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/record/machine.h"
#include "bart/record/run_folder.h"
#include "bart/record/run_settings.h"
#include "bart/training/train.h"

namespace bart {

/// What a model reached on the test pictures.
struct TestRecord {
  std::string model;  // the file's name
  double accuracy_percent;
  double macro_f1;
  double loss;
};

/// A model that a training wrote.
struct ModelRecord {
  std::string file;               // its name
  int epoch = 0;                  // that it was written after; 0: before the first one was done
  std::uint64_t fingerprint = 0;  // hash_of() the file's bytes
};

/// What a training did, as bart-run/run.json keeps it.
struct RunRecord {
  std::string command;  // that started it, as a shell takes it; empty for a program that uses the library
  std::string version;  // of BART
  Machine machine;
  int threads = 0;                        // that it trained with
  RunSettings settings;                   // as settled: precision is f32 or bf16, threads at least 1
  std::set<std::string> unrecorded = {};  // names of settings that an older BART did not record

  std::filesystem::path data_folder;  // absolute
  std::vector<std::string> classes;
  std::size_t pictures = 0, train_pictures = 0, validation_pictures = 0, test_pictures = 0;
  std::size_t sizes = 0;    // different (height, width) before resizing
  std::uint64_t bytes = 0;  // of the files
  std::vector<SkippedPicture> skipped;
  std::vector<std::pair<std::string, std::string>> converted;  // (file, Pillow's mode) of those not RGB

  /// "running", "finished", "stopped" (by max_steps), "interrupted" or "diverged".
  std::string status;
  std::string started;  // ISO 8601, UTC
  std::string written;
  std::optional<std::int64_t> resumed_after_step = {};  // the last time that it was resumed
  std::int64_t steps = 0;                               // taken
  std::vector<EpochRecord> epochs;
  std::vector<TestRecord> tests;      // at the end, where there was a validation set
  std::vector<ModelRecord> models;    // that are in place; empty: a model there is of an earlier training
  std::vector<std::string> warnings;  // sentences about the data, the settings and how the training went
  std::uint64_t peak_memory_bytes = 0;

  /// It did not come to its end, or has not yet.
  bool unfinished() const { return status != "finished" && status != "stopped"; }
};

/// The time now as ISO 8601 in UTC.
std::string iso_time();

/// The content of run.json. File names may hold bytes that are not UTF-8; U+FFFD takes their place.
std::string encode_run_record(const RunRecord& record);

/// The reverse. Reads the records of all versions. Throws Error ("is not what bart train writes", to be put
/// after the file's name) for anything else.
RunRecord decode_run_record(std::span<const std::uint8_t> json);

/// Whether the training wrote the model file `bytes`, as its record tells; nothing for records of the first
/// versions, which do not tell.
std::optional<bool> wrote_model(const RunRecord& record, std::span<const std::uint8_t> bytes);

/// A training as its folder tells it.
struct RecordedRun {
  RunFolder folder;
  RunRecord record;
  std::vector<StepRecord> steps;
};

/// Reads run.json. Throws Error, with the file's name, when it is not there or not what it should be.
RunRecord read_run_record(const RunFolder& folder);

/// Reads run.json and steps.csv of the training that `path` names (see find_run()). Throws Error when there
/// is none, or it is not what bart train writes.
RecordedRun read_run(const std::filesystem::path& path);

/// The content of steps.csv: step, epoch, and the loss with 9 digits, enough to give the float back.
std::string encode_steps(std::span<const StepRecord> steps);

/// The training time of all epochs, validation included, in seconds.
double seconds_of(std::span<const EpochRecord> epochs);

/// The training speed over all epochs; NaN without any.
double images_per_second(const RunRecord& record);

}  // namespace bart
