#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bart/bench/bench_text.h"
#include "bart/bench/limit.h"
#include "bart/bench/multiplication_peak.h"
#include "bart/bench/network_speed.h"
#include "bart/bench/picture_speed.h"
#include "bart/bench/processor_wait.h"
#include "bart/bench/scale.h"
#include "bart/bench/start_up.h"
#include "bart/dataset/listing.h"
#include "bart/platform/error.h"
#include "bart/platform/threads.h"
#include "bart/record/run_settings.h"
#include "commands.h"
#include "model_flags.h"
#include "outputs.h"
#include "progress.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct BenchFlags {
  std::vector<std::string> only;  // empty: all parts
  std::string precision = "all";
  int batch_size = 32;
  int image_size = 128;
  int classes = 42;
  int threads = 0;
  int rounds = 10;
  fs::path pictures;  // empty: drawn ones
  bool operations = false;
  bool scale = false;
  bool quick = false;
  bool json = false;
};

void check_flags(const BenchFlags& flags) {
  const auto require = [](bool right, const std::string& sentence) {
    if (!right) throw UsageError(sentence);
  };
  check({.batch_size = flags.batch_size, .image_size = flags.image_size}, {"bs", "image-size"});
  require(flags.classes >= 2, fmt::format("--classes must be at least 2, not {}", flags.classes));
  require(flags.rounds >= 1, fmt::format("--rounds must be at least 1, not {}", flags.rounds));
  require(flags.precision != "bf16" || runs_bf16(),
          "--precision bf16: BART has no such kernels for this processor; measure with --precision f32");
  require(!flags.scale || flags.only.empty(),
          "--scale and --only measure different things: name one of them");
}

std::vector<Precision> precisions_of(const BenchFlags& flags) {
  if (flags.precision == "f32") return {Precision::f32};
  if (flags.precision == "bf16") return {Precision::bf16};
  std::vector<Precision> all = {Precision::f32};
  if (multiplies_bf16()) all.push_back(Precision::bf16);
  return all;
}

/// The measurements of one command.
class Measuring {
 public:
  explicit Measuring(const BenchFlags& flags) : flags_(flags) {
    report_.machine = this_machine();
    report_.bench = {.architecture = {.classes = flags.classes, .image_size = flags.image_size},
                     .engine = {.threads = flags.threads > 0 ? flags.threads : available_threads()},
                     .batch_size = flags.batch_size,
                     .rounds = flags.quick ? 2 : flags.rounds};
  }

  BenchReport measure() {
    if (flags_.scale) {
      measure_scale();
    } else {
      if (wanted("limit")) {
        const int threads = report_.bench.engine.threads;
        report_.copy_bytes_per_second = copy_bytes_per_second(threads, report_.bench.rounds);
        report_.peak = measure_multiplication_peak(threads, report_.bench.rounds);
      }
      if (wanted("training") || wanted("inference") || wanted("limit")) {
        for (const Precision precision : precisions_of(flags_)) measure_network(precision);
      }
      if (wanted("pictures")) measure_pictures();
      if (wanted("start")) {
        report_.start_up_seconds = start_up_seconds(fs::canonical("/proc/self/exe"),
                                                    report_.bench.architecture, report_.bench.rounds);
      }
    }
    progress_.clear();
    report_.waited = wait_.share();
    return std::move(report_);
  }

 private:
  bool wanted(const char* part) const {
    return flags_.only.empty() || std::ranges::find(flags_.only, part) != flags_.only.end();
  }

  BenchProgress shown(const std::string& heading, int each, const char* unit) {
    return [this, heading, each, unit](int done, int total) {
      progress_.show(heading, static_cast<std::size_t>(done * each), static_cast<std::size_t>(total * each),
                     {}, unit);
    };
  }

  void measure_network(Precision precision) {
    NetworkBench bench = report_.bench;
    bench.engine.precision = bench.engine.evaluation_precision = precision;
    const std::string in = precision == Precision::bf16 ? " in bf16" : " in f32";
    PrecisionBench& measured = report_.precisions.emplace_back(PrecisionBench{.precision = precision});
    if (wanted("training"))
      measured.training = training_speed(bench, shown("Training" + in, bench.batch_size, "images"));
    if (wanted("inference")) {
      measured.inference = inference_speed(bench, shown("Inference" + in, bench.batch_size, "images"));
      NetworkBench one = bench;
      one.batch_size = 1;
      one.rounds *= 10;
      measured.one_picture = inference_speed(one, shown("One picture" + in, 1, "images"));
    }
    if (!wanted("limit")) return;
    measured.training_plan = timed_plan(bench, true, "The limit of training" + in);
    measured.inference_plan = timed_plan(bench, false, "The limit of inference" + in);
  }

  TimedPlan timed_plan(const NetworkBench& bench, bool training, const std::string& heading) {
    TimedPlan plan{operation_times(bench, training), measure_limit(bench.architecture,
                                                                   {.batch_size = bench.batch_size,
                                                                    .engine = bench.engine,
                                                                    .training = training,
                                                                    .rounds = bench.rounds},
                                                                   shown(heading, 1, "kernels"))};
    take_faster(plan.limit, plan.operations);
    return plan;
  }

  void measure_pictures() {
    std::vector<int> threads = {1};
    if (report_.bench.engine.threads > 1) threads.push_back(report_.bench.engine.threads);
    const int rounds = flags_.quick ? 1 : 3;
    for (const int count : threads) {
      const LoadOptions options{.image_size = flags_.image_size, .threads = count};
      const auto progress = [&](std::size_t done, std::size_t total) {
        progress_.show("Reading pictures", done, total);
      };
      report_.pictures.push_back(
          {count, flags_.pictures.empty()
                      ? drawn_picture_speed(flags_.quick ? 2 : 20, options, rounds, progress)
                      : picture_speed(list_data(flags_.pictures, 1), options, rounds, progress)});
    }
  }

  void measure_scale() {
    NetworkBench bench = report_.bench;
    bench.engine.precision = precisions_of(flags_).back();
    bench.rounds = std::min(bench.rounds, 3);
    report_.scale = training_scale(bench, shown("Scale", 1, "networks"));
  }

  const BenchFlags& flags_;
  ProcessorWait wait_;
  Progress progress_;
  BenchReport report_;
};

int bench_command(const BenchFlags& flags) {
  check_flags(flags);
  const BenchReport report = Measuring(flags).measure();
  const std::string text = flags.json ? bench_json(report) : bench_text(report, flags.operations);
  write_output("-", text);
  return 0;
}

}  // namespace

void add_bench_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<BenchFlags>();
  CLI::App* command = program.add_subcommand("bench", "Measure how fast this machine trains and predicts");
  command->add_option("--only", flags->only, "Measure only this part (may be given several times)")
      ->check(CLI::IsMember({"training", "inference", "limit", "pictures", "start"}))
      ->take_all();
  command
      ->add_option("--precision", flags->precision,
                   "f32, bf16, or all: f32, and bf16 where the processor multiplies it")
      ->check(CLI::IsMember({"all", "f32", "bf16"}))
      ->capture_default_str();
  command->add_option("--bs,--batch-size,--batch", flags->batch_size, "Batch size")->capture_default_str();
  command->add_option("--image-size", flags->image_size, "Side of the pictures in pixels, a multiple of 16")
      ->capture_default_str();
  command->add_option("--classes", flags->classes, "Number of classes")->capture_default_str();
  command->add_option("--threads", flags->threads,
                      "Number of threads (default: all that this process may use)");
  command->add_option("--rounds", flags->rounds, "How often each thing is measured; the median counts")
      ->capture_default_str();
  command->add_option("--pictures", flags->pictures,
                      "Measure reading, decoding and resizing with the pictures of this folder, one "
                      "sub-folder per class, or of a CSV (default: drawn pictures)");
  command->add_flag("--operations", flags->operations, "Also print the time of each operation of a step");
  command->add_flag("--scale", flags->scale,
                    "Measure instead how the time of a training step depends on batch size, image size, "
                    "classes and threads");
  command->add_flag("--quick", flags->quick, "Measure everything twice only, for a first look");
  command->add_flag("--json", flags->json, "Print everything as JSON instead of tables");
  command->footer(
      "The pictures are noise, and the weights are the initial ones. The limit is the time that the "
      "convolutions and\nlinear layers take when each runs alone with the fastest kernel of oneDNN or BART, "
      "plus the memory traffic of the\npasses between them and of Adam at the speed of a copy. The bound, "
      "which no kernel can pass, is the time that the\nmultiplications of the algorithms take at the "
      "processor's measured peak of fused multiply-adds.\n\n"
      "Examples:\n"
      "  bart bench                             everything, in a minute or two\n"
      "  bart bench --operations --only limit   what slows a step down\n"
      "  bart bench --only pictures --pictures faces\n"
      "  bart bench --scale --precision f32");
  command->callback([flags, &run] { run = [flags] { return bench_command(*flags); }; });
}

}  // namespace bart
