#include "bart/bench/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bart/bench/processor_wait.h"
#include "bart/bench/start_up.h"
#include "bart/dataset/listing.h"
#include "bart/engine/precision_text.h"
#include "bart/platform/error.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

/// The measurements of one call.
class Measuring {
 public:
  Measuring(const BenchOptions& options, const BenchObserver& observer)
      : options_(options), observer_(observer) {
    report_.machine = this_machine();
    report_.bench = options.network;
    if (report_.bench.engine.threads == 0) report_.bench.engine.threads = available_threads();
    if (options.quick) report_.bench.rounds = 2;
    if (device() != nullptr) report_.gpu = device()->name();
  }

  BenchReport measure() {
    // At once: what is measured before it takes minutes.
    if (!options_.pictures.empty()) listing_ = list_data(options_.pictures, 1);
    if (wanted(BenchPart::limit) && device() == nullptr) {
      const int threads = report_.bench.engine.threads;
      report_.copy_bytes_per_second = copy_bytes_per_second(threads, report_.bench.rounds);
      report_.peak = measure_multiplication_peak(threads, report_.bench.rounds);
    }
    if (wanted(BenchPart::training) || wanted(BenchPart::inference) || wanted(BenchPart::limit)) {
      for (const Precision precision : options_.precisions) measure_network(precision);
    }
    if (wanted(BenchPart::pictures)) measure_pictures();
    if (wanted(BenchPart::start)) {
      if (options_.program.empty()) throw Error("the start of a program needs the program");
      report_.start_up_seconds =
          start_up_seconds(std::filesystem::canonical(options_.program), options_.program_device,
                           report_.bench.architecture, report_.bench.rounds);
    }
    if (wanted(BenchPart::scale)) measure_scale();
    if (wanted(BenchPart::shared)) measure_shared();
    report_.waited = wait_.share();
    return std::move(report_);
  }

 private:
  Device* device() const { return options_.network.engine.device.get(); }
  bool wanted(BenchPart part) const { return options_.parts.contains(part); }

  /// Tells the observer, for a measurement whose rounds have `each` units.
  OnProgress shown(const std::string& what, std::size_t each, const char* unit) const {
    if (!observer_) return {};
    return [this, what, each, unit](std::size_t done, std::size_t total) {
      observer_(what, done * each, total * each, unit);
    };
  }

  void measure_network(Precision precision) {
    NetworkBench bench = report_.bench;
    bench.engine.precision = bench.engine.evaluation_precision = precision;
    const auto batch = static_cast<std::size_t>(bench.batch_size);
    const std::string in = fmt::format(" in {}", precision_text(precision));
    PrecisionBench& measured = report_.precisions.emplace_back(PrecisionBench{.precision = precision});
    if (wanted(BenchPart::training))
      measured.training = training_speed(bench, shown("Training" + in, batch, "images"));
    if (wanted(BenchPart::inference)) {
      measured.inference = inference_speed(bench, shown("Inference" + in, batch, "images"));
      NetworkBench one = bench;
      one.batch_size = 1;
      one.rounds *= 10;
      measured.one_picture = inference_speed(one, shown("One picture" + in, 1, "images"));
    }
    if (!wanted(BenchPart::limit)) return;
    if (device() != nullptr) {
      const DeviceSpeed speed = device()->speed(precision);
      report_.copy_bytes_per_second = speed.bytes_per_second;
      measured.training_plan = plan_on(speed, bench, true);
      measured.inference_plan = plan_on(speed, bench, false);
      return;
    }
    measured.training_plan = timed_plan(bench, true, "The limit of training" + in);
    measured.inference_plan = timed_plan(bench, false, "The limit of inference" + in);
  }

  static TimedPlan plan_on(const DeviceSpeed& speed, const NetworkBench& bench, bool training) {
    return {{},
            limit_on(speed, bench.architecture,
                     {.batch_size = bench.batch_size, .engine = bench.engine, .training = training})};
  }

  TimedPlan timed_plan(const NetworkBench& bench, bool training, const std::string& what) const {
    TimedPlan plan{operation_times(bench, training), measure_limit(bench.architecture,
                                                                   {.batch_size = bench.batch_size,
                                                                    .engine = bench.engine,
                                                                    .training = training,
                                                                    .rounds = bench.rounds},
                                                                   shown(what, 1, "kernels"))};
    take_faster(plan.limit, plan.operations);
    return plan;
  }

  void measure_pictures() {
    std::vector<int> threads = {1};
    if (report_.bench.engine.threads > 1) threads.push_back(report_.bench.engine.threads);
    const int rounds = options_.quick ? 1 : 3;
    const auto progress = [&](std::size_t done, std::size_t total) {
      if (observer_) observer_("Reading pictures", done, total, "images");
    };
    for (const int count : threads) {
      const LoadOptions load{.image_size = report_.bench.architecture.image_size, .threads = count};
      report_.pictures.push_back(
          {count, options_.pictures.empty()
                      ? drawn_picture_speed(options_.quick ? 2 : 20, load, rounds, progress)
                      : picture_speed(listing_, load, rounds, progress)});
    }
  }

  /// In the last precision that was asked for.
  NetworkBench one_bench() const {
    if (options_.precisions.empty()) throw Error("steps need a precision to be measured in");
    if (device() != nullptr) throw Error("the scale and shared steps are measured on a processor");
    NetworkBench bench = report_.bench;
    bench.engine.precision = options_.precisions.back();
    return bench;
  }

  void measure_scale() {
    NetworkBench bench = one_bench();
    bench.rounds = std::min(bench.rounds, 3);
    report_.scale = training_scale(bench, shown("Scale", 1, "networks"));
  }

  void measure_shared() {
    report_.shared = shared_steps(one_bench(), options_.processes, shown("Shared steps", 1, "measurements"));
  }

  const BenchOptions& options_;
  const BenchObserver& observer_;
  Listing listing_;  // of options_.pictures
  ProcessorWait wait_;
  BenchReport report_;
};

}  // namespace

std::vector<Precision> fast_precisions(const Device* device) {
  if (device != nullptr) return {Precision::f32, Precision::tf32, Precision::bf16};
  if (multiplies_bf16()) return {Precision::f32, Precision::bf16};
  return {Precision::f32};
}

BenchReport measure(const BenchOptions& options, const BenchObserver& observer) {
  return Measuring(options, observer).measure();
}

}  // namespace bart
