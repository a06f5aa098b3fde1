#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bart/bench/limit.h"
#include "bart/bench/multiplication_peak.h"
#include "bart/bench/network_speed.h"
#include "bart/bench/picture_speed.h"
#include "bart/bench/scale.h"
#include "bart/record/machine.h"

namespace bart {

/// A plan with the time of each operation, and the least time that its work takes on this machine.
struct TimedPlan {
  std::vector<OperationTime> operations;
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
  NetworkBench bench;  // the settings for all precisions
  std::vector<PrecisionBench> precisions = {};
  std::optional<double> copy_bytes_per_second = {};  // read plus written
  MultiplicationPeak peak = {};                      // with the limit
  std::optional<double> waited =
      {};  // the share of the time in which BART waited for a processor that had other work
  std::vector<PictureBench> pictures = {};
  std::optional<double> start_up_seconds = {};
  std::vector<ScaleStep> scale = {};
};

/// The measurements for people; with `operations` also the tables of all operations.
std::string bench_text(const BenchReport& report, bool operations);

std::string bench_json(const BenchReport& report);

}  // namespace bart
