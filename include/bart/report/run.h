#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/report/history.h"
#include "bart/training/train.h"

namespace bart {

/// A training as its bart-run/ tells it.
struct RunFacts {
  std::filesystem::path folder;  // bart-run/ itself
  std::string status;            // "running", "finished" or "stopped"
  std::string command;
  std::string version;
  std::string started;  // ISO 8601, UTC
  std::string written;

  struct Machine {
    std::string cpu;
    std::string instructions;
    std::string system;
    std::uint64_t memory_bytes = 0;
    int threads = 0;
  } machine;
  std::uint64_t peak_memory_bytes = 0;

  int batch_size = 0;
  double learning_rate = 0;
  int epochs = 0;  // asked for
  std::optional<std::int64_t> max_steps;
  std::uint32_t seed = 0;
  std::string precision = "f32";  // "bf16", "f32", or "f32, exact"
  std::string split;
  double test_size = 0;
  int image_size = 0;
  bool ignore_exif = false;

  std::filesystem::path data_folder;
  std::vector<std::string> classes;
  std::size_t pictures = 0, train_pictures = 0, test_pictures = 0;
  std::size_t sizes = 0;  // different ones
  std::uint64_t bytes = 0;
  std::vector<SkippedPicture> skipped;
  std::size_t converted = 0;

  std::vector<HistoryRow> history;
  std::vector<StepRecord> steps;
};

/// Reads the run.json and steps.csv of a training. `path` is its folder of results or the bart-run/ in it.
/// Throws Error when there is none, or it is not what bart train writes.
RunFacts read_run(const std::filesystem::path& path);

}  // namespace bart
