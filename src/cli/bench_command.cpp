#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bart/bench/bench_text.h"
#include "bart/run/settle.h"
#include "commands.h"
#include "gpu_text.h"
#include "log.h"
#include "model_flags.h"
#include "outputs.h"
#include "progress.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

const std::vector<std::pair<std::string, BenchPart>> parts = {{"training", BenchPart::training},
                                                              {"inference", BenchPart::inference},
                                                              {"limit", BenchPart::limit},
                                                              {"pictures", BenchPart::pictures},
                                                              {"start", BenchPart::start}};

struct BenchFlags {
  std::vector<std::string> only;  // empty: all parts
  std::string device = "auto";
  std::string precision = "all";
  int batch_size = 32;
  int image_size = 128;
  int classes = 42;
  int threads = 0;
  int rounds = 10;
  fs::path pictures;  // empty: drawn ones
  bool operations = false;
  bool scale = false;
  std::vector<int> processes;
  bool quick = false;
  bool json = false;
};

/// Whether things are measured that a GPU has not.
bool of_processor(const BenchFlags& flags) {
  return flags.scale || flags.operations || !flags.processes.empty();
}

void check_flags(const BenchFlags& flags) {
  const auto require = [](bool right, const std::string& sentence) {
    if (!right) throw UsageError(sentence);
  };
  check({.batch_size = flags.batch_size, .image_size = flags.image_size, .device = flags.device},
        {"bs", "image-size", "device"});
  require(flags.classes >= 2, fmt::format("--classes must be at least 2, not {}", flags.classes));
  require(flags.rounds >= 1, fmt::format("--rounds must be at least 1, not {}", flags.rounds));
  require(
      !of_processor(flags) || !flags.device.starts_with("cuda"),
      "--operations, --scale and --processes measure a processor: leave --device " + flags.device + " out");
  require((flags.scale ? 1 : 0) + (flags.only.empty() ? 0 : 1) + (flags.processes.empty() ? 0 : 1) < 2,
          "--only, --scale and --processes measure different things: use only one of them");
}

std::set<BenchPart> parts_of(const BenchFlags& flags) {
  if (flags.scale) return {BenchPart::scale};
  if (!flags.processes.empty()) return {BenchPart::shared};
  std::set<BenchPart> wanted;
  for (const auto& [name, part] : parts) {
    if (flags.only.empty() || std::ranges::find(flags.only, name) != flags.only.end()) wanted.insert(part);
  }
  return wanted;
}

int bench_command(const BenchFlags& flags) {
  check_flags(flags);
  Progress progress;
  Log log("Batlogger (Bench)", progress);
  const Architecture architecture{.classes = flags.classes, .image_size = flags.image_size};
  const auto device = device_named(of_processor(flags) ? "cpu" : flags.device, architecture, flags.batch_size,
                                   parts_of(flags).contains(BenchPart::training), log);
  const BenchReport report = measure(
      {.parts = parts_of(flags),
       .network = {.architecture = architecture,
                   .engine = {.threads = flags.threads, .device = device},
                   .batch_size = flags.batch_size,
                   .rounds = flags.rounds},
       .precisions = flags.precision == "all"
                         ? fast_precisions(device.get())
                         : std::vector{settled_precision({.precision = flags.precision}, device.get())},
       .quick = flags.quick,
       .pictures = flags.pictures,
       .processes = flags.processes,
       .program = "/proc/self/exe",
       .program_device = device == nullptr ? "cpu" : flags.device},
      [&](const std::string& what, std::size_t done, std::size_t total, std::string_view unit) {
        progress.show(what, done, total, {}, unit);
      });
  progress.clear();
  const std::string text = flags.json ? bench_json(report) : bench_text(report, flags.operations);
  write_output("-", text);
  return 0;
}

}  // namespace

void add_bench_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<BenchFlags>();
  CLI::App* command = program.add_subcommand("bench", "Measure how fast this machine trains and predicts");
  command->add_option("--only", flags->only, "Measure only this part (may be given several times)")
      ->check(CLI::IsMember(parts))
      ->take_all();
  add_device_flag(*command, flags->device);
  command
      ->add_option("--precision", flags->precision,
                   "f32, bf16, tf32 (on GPUs), or all: f32, bf16 where the processor multiplies it, and on a "
                   "GPU all three")
      ->check(CLI::IsMember({"all", "f32", "bf16", "tf32"}))
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
  command
      ->add_option(
          "--processes", flags->processes,
          "Measure instead a step of a training that so many computers like this one would share, as "
          "mpirun bart train does: the bytes that each sends, and the time on networks of 10 and 1 Gbit/s")
      ->check(CLI::IsMember({2, 4, 8, 16}))
      ->take_all();
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
      "  bart bench --scale --precision f32\n"
      "  bart bench --processes 4 --bs 128      before buying four computers");
  command->callback([flags, &run] { run = [flags] { return bench_command(*flags); }; });
}

}  // namespace bart
