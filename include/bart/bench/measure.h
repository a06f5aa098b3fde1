#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bart/bench/limit.h"
#include "bart/bench/multiplication_peak.h"
#include "bart/bench/network_speed.h"
#include "bart/bench/picture_speed.h"
#include "bart/bench/scale.h"
#include "bart/bench/shared_step.h"
#include "bart/record/machine.h"

namespace bart {

/// A plan with the time of each operation, and the least time that its work takes on this machine.
struct TimedPlan {
  std::vector<OperationTime> operations;  // empty on a GPU, whose steps are not timed in parts
  Limit limit;
};

/// The measurements of the network in one precision. Those that were not asked for are empty.
struct PrecisionBench {
  Precision precision;
  std::optional<TrainingSpeed> training = {};
  std::optional<InferenceSpeed> inference = {};
  std::optional<InferenceSpeed> one_picture = {};
  std::optional<TimedPlan> training_plan = {};
  std::optional<TimedPlan> inference_plan = {};
};

struct PictureBench {
  int threads;
  PictureSpeed speed;
};

struct BenchReport {
  Machine machine;
  std::string gpu = {};     // its name, if it executes the network; else empty
  NetworkBench bench = {};  // the settings for all precisions
  std::vector<PrecisionBench> precisions = {};
  std::optional<double> copy_bytes_per_second =
      {};                        // read plus written, in the memory of the GPU if there is one
  MultiplicationPeak peak = {};  // with the limit
  std::optional<double> waited =
      {};  // the share of the time in which BART waited for a processor that had other work
  std::vector<PictureBench> pictures = {};
  std::optional<double> start_up_seconds = {};
  std::vector<ScaleStep> scale = {};
  std::vector<SharedStep> shared = {};
};

enum class BenchPart {
  training,
  inference,  // of batches and of one picture
  limit,      // the time of each operation beside the least time that its work takes
  pictures,   // reading, decoding and resizing
  start,      // of a process that predicts one picture
  scale,      // training_scale()
  shared,     // shared_steps()
};

struct BenchOptions {
  std::set<BenchPart> parts;
  NetworkBench network = {};  // 0 threads: as many as this process may use
  std::vector<Precision>
      precisions;      // the network is measured in each, the scale and shared steps in the last
  bool quick = false;  // fewer rounds and pictures, for a first look
  std::filesystem::path pictures = {};  // a data set, see list_data(); empty: drawn pictures
  std::vector<int> processes = {};      // of shared_steps()
  std::filesystem::path program = {};   // whose start is measured, see start_up_seconds()
  std::string program_device = "cpu";   // the DeviceName that it is given
};

/// The precisions that a measurement of everything takes: f32, bf16 where the processor multiplies it, and on
/// a device all of them.
std::vector<Precision> fast_precisions(const Device* device);

/// What is being measured, how much of it is done, and in which unit ("images").
using BenchObserver =
    std::function<void(const std::string& what, std::size_t done, std::size_t total, std::string_view unit)>;

/// Takes the measurements of bart bench; on a device neither the scale nor shared steps. Throws Error when
/// the network cannot be executed or the pictures cannot be read.
BenchReport measure(const BenchOptions& options, const BenchObserver& observer = {});

}  // namespace bart
