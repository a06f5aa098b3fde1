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
#include "bart/training/metrics.h"
#include "bart/training/train.h"

namespace bart {

/// The figures of a model on the test pictures.
struct TestRecord {
  std::string model;  // the file's name
  double accuracy_percent;
  double macro_f1;
  double loss;
};

/// How good a model is for each class, and how far its probabilities can be trusted.
struct EvaluationRecord {
  std::string model;                      // the file's name
  std::string pictures;                   // which ones it was measured on: "validation" or "test"
  double expected_calibration_error = 0;  // from 0 to 1, see calibration()
  std::vector<ClassScores> classes;       // as in ClassificationReport
};

/// A model that a training wrote.
struct ModelRecord {
  std::string file;               // its name
  int epoch = 0;                  // after which it was written; 0: before the end of the first epoch
  std::uint64_t fingerprint = 0;  // hash_of() the file's bytes
  std::optional<std::uint64_t> weights = {};           // weights_fingerprint(); nothing in older records
  std::optional<std::uint64_t> bfloat16_weights = {};  // bfloat16_weights_fingerprint(); the same
};

/// What a training did, as bart-run/run.json keeps it.
struct RunRecord {
  std::string
      command;  // the command that started it, quoted for a shell; empty for a program that uses the library
  std::string version;  // of BART
  Machine machine;
  std::string gpu = {};                   // the name of the GPU that computed; empty: the processor did
  int threads = 0;                        // number of threads of the training, in each process
  std::vector<std::string> hosts = {};    // of a shared training: the computer of each process; else empty
  RunSettings settings;                   // as settled: precision is f32 or bf16, threads at least 1
  std::set<std::string> unrecorded = {};  // names of settings that were not recorded, by an older BART

  std::filesystem::path data_folder;  // absolute
  std::vector<std::string> classes;
  bool test_given = false;        // the data set, or a folder for it, says which pictures are for testing
  bool validation_given = false;  // the same for validating
  std::size_t pictures = 0, train_pictures = 0, validation_pictures = 0, test_pictures = 0;
  std::size_t sizes = 0;    // number of different (height, width) before resizing
  std::uint64_t bytes = 0;  // of the files
  std::vector<SkippedPicture> skipped;
  std::vector<std::pair<std::string, std::string>>
      converted;  // (file, Pillow's mode) of those that are not RGB

  /// "running", "finished", "stopped" (by max_steps), "interrupted" or "diverged".
  std::string status;
  std::string started;  // ISO 8601, UTC
  std::string written;
  std::optional<std::int64_t> resumed_after_step = {};  // when it was resumed last
  std::int64_t steps = 0;                               // taken
  std::vector<EpochRecord> epochs;
  std::vector<TestRecord> tests;                   // at the end of the training, if there is a validation set
  std::vector<EvaluationRecord> evaluations = {};  // at the end of the training; empty: an older record
  std::vector<ModelRecord> models;  // in the folder; empty: a model in the folder is of an earlier training
  /// The model that the training began to write after the others. It is in the folder, or not yet.
  std::optional<ModelRecord> writing = {};
  std::vector<std::string> warnings;  // sentences about the data, the settings and the course of the training
  std::uint64_t peak_memory_bytes = 0;

  /// Whether the training has not come to its end.
  bool unfinished() const { return status != "finished" && status != "stopped"; }

  /// Whether a setting says how this training came about: how pictures are drawn for testing and validation
  /// says nothing where all of them were given, nor does what an earlier version did not record.
  bool tells(const Setting& setting) const;
};

/// Who computes: "2 threads", "NVIDIA H100 and 2 threads", or "4 processes on 2 computers, each with 2
/// threads".
std::string workers_text(const RunRecord& record);

/// The time now as ISO 8601 in UTC.
std::string iso_time();

/// The content of run.json. Bytes of file names that are not UTF-8 are replaced by U+FFFD.
std::string encode_run_record(const RunRecord& record);

/// Decodes the content of run.json, of all versions of BART. Throws Error ("is not what bart train writes", a
/// sentence that begins with the file's name) for anything else.
RunRecord decode_run_record(std::span<const std::uint8_t> json);

/// Whether the training wrote the model file with this fingerprint, hash_of() its bytes, according to its
/// record; nothing for records of the first versions, which do not say.
std::optional<bool> wrote_model(const RunRecord& record, std::uint64_t fingerprint);

/// A training as recorded in its folder.
struct RecordedRun {
  RunFolder folder;
  RunRecord record;
  std::vector<StepRecord> steps;  // with a learning rate of -1 if an earlier version recorded none
};

/// Reads run.json. Where a training was killed just after it wrote a model, that one is among the `models`.
/// Throws Error with the file's name when it is missing or is not what bart train writes.
RunRecord read_run_record(const RunFolder& folder);

/// Reads run.json and steps.csv of the training that `path` names (see find_run()). Throws Error when a file
/// is missing or is not what bart train writes.
RecordedRun read_run(const std::filesystem::path& path);

/// The content of steps.csv: step, epoch, the loss with 9 digits, which are enough to give the same float,
/// and the learning rate.
std::string encode_steps(std::span<const StepRecord> steps);

/// The time of all epochs including validation, in seconds.
double seconds_of(std::span<const EpochRecord> epochs);

/// The training speed over all epochs; NaN if there is no epoch.
double images_per_second(const RunRecord& record);

}  // namespace bart
