#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "bart/model/find_model.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/report/lr_plot.h"
#include "bart/run/lr_find.h"
#include "cache_text.h"
#include "commands.h"
#include "gpu_text.h"
#include "listing_text.h"
#include "log.h"
#include "output_checks.h"
#include "outputs.h"
#include "progress.h"
#include "stop_signals.h"
#include "train_flags.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// A curve of fewer steps shows nothing.
constexpr int fewest_steps = 10;
constexpr const char* default_plot = "lr-find.svg";

struct LrFindFlags {
  fs::path folder = "characters_train";
  fs::path out = default_plot;
  TrainFlags training;  // of which lr-find has the recipe and the settings of a step
  LrRange range;
};

void check_flags(const LrFindFlags& flags) {
  const LrRange& range = flags.range;
  if (!(range.from > 0 && range.from < range.to && std::isfinite(range.to))) {
    throw UsageError(
        fmt::format("--from must be above 0 and below --to, not {} and {}", range.from, range.to));
  }
  if (range.from < smallest_learning_rate || range.to > std::numeric_limits<float>::max()) {
    throw UsageError(fmt::format("--from must be at least {}, and --to at most {:.1e}, not {} and {}",
                                 smallest_learning_rate, std::numeric_limits<float>::max(), range.from,
                                 range.to));
  }
  if (range.steps < fewest_steps) {
    throw UsageError(fmt::format("--steps must be at least {}, not {}", fewest_steps, range.steps));
  }
}

int lr_find_command(const LrFindFlags& flags) {
  check_flags(flags);
  check_ending({"--out", flags.out}, "SVG", {".svg"});
  check_outputs({{"--out", flags.out}});
  Progress progress;
  Log log("Batlogger (LR Find)", progress);
  RunObserver observer;
  const std::array outputs = {Output{"--out", flags.out}};
  if (const std::string& init = flags.training.settings.init; !init.empty())
    check_replaces_no_input(outputs, paths_of(find_model(init)));
  observer.listed = [&](const Listing& listing) {
    check_replaces_no_input(outputs, paths_of(listing));
    log_listing(log, listing);
  };
  observer.gpu = [&](const std::string& name) { log_gpu(log, name); };
  observer.warning = [&](const std::string& sentence) { log.warning(sentence); };
  observer.reading = [&](std::size_t done, std::size_t total) {
    progress.show("Reading pictures", done, total);
  };
  observer.read = [&](const LoadedPictures& pictures, const RunSettings& settings) {
    log_cache(log, pictures, settings.cache);
    log_skipped(log, pictures);
  };
  std::optional<StopSignals> signals;  // from the first step
  const auto stepped = [&](std::size_t done, std::size_t total) {
    if (!signals) signals.emplace();
    signals->check(fmt::format("{} of {} steps were done, and no curve was written", done, total));
    progress.show("Learning rates", done, total, {}, "steps");
  };
  const LrRangeTest test = find_learning_rate(flags.folder, flags.training.settings, flags.range, observer,
                                              stepped, flags.training.given);
  signals.reset();
  progress.clear();
  if (test.steps.size() < fewest_steps) {
    // A smaller first rate helps where the loss grew at once.
    const bool at_once = test.steps.size() * 2 < static_cast<std::size_t>(flags.range.steps);
    throw Error(
        fmt::format("the loss grew too large after {}, too soon to suggest a rate: choose more --steps{}",
                    counted(test.steps.size(), "step", "steps"),
                    at_once ? fmt::format(", or a --from below {}", flags.range.from) : ""));
  }
  EarlierOutput earlier = flags.out != default_plot
                              ? EarlierOutput()
                              : EarlierOutput(flags.out, EarlierOutput::Replaced::as_a_whole);
  write_output(flags.out, lr_plot(test));
  std::FILE* const told = told_beside(flags.out);
  const std::string out = flags.out == "-" ? "stdout" : flags.out.string();
  fmt::print(told, "{}; the curve is in {}\n", lr_text(test), out);
  if (const std::string kept = earlier.keep(); !kept.empty()) fmt::print("{}\n", kept);
  return 0;
}

}  // namespace

void add_lr_find_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<LrFindFlags>();
  CLI::App* command =
      program.add_subcommand("lr-find", "Find a learning rate with a short training at growing rates");
  command->add_option("folder", flags->folder, "The data: one sub-folder per class")->capture_default_str();
  add_recipe_flag(*command, flags->training.recipe);
  command->add_option("--from", flags->range.from, "The first learning rate")->capture_default_str();
  command->add_option("--to", flags->range.to, "The last learning rate")->capture_default_str();
  command->add_option("--steps", flags->range.steps, "Number of learning rates, one per step")
      ->capture_default_str();
  command->add_option("--out", flags->out, "The SVG file to write the curve to, or - for stdout")
      ->capture_default_str();
  for (const char* flag :
       {"bs",         "optimizer",       "beta2",         "weight-decay",    "seed",
        "split-seed", "test-size",       "test-folder",   "split",           "validation-folder",
        "image-size", "validation-size", "class-weights", "label-smoothing", "logit-adjustment",
        "clip-norm",  "dropout",         "augment",       "init-values",     "init",
        "cache",      "device",          "threads",       "precision",       "exact",
        "strict",     "ignore-exif"}) {
    add_setting_flag(*command, flag, flags->training.settings);
  }
  command->footer(
      "The test stops when the loss is four times as large as its minimum. Its steps are those of bart train "
      "with the same\nflags. It writes nothing but the curve.\n\n"
      "Examples:\n"
      "  bart lr-find faces                     a hundred steps from 1e-6 to 1\n"
      "  bart lr-find faces --steps 300         a smoother curve\n"
      "  bart lr-find faces --recipe tuned      for bart train faces --recipe tuned");
  command->callback([flags, &run, command] {
    run = [flags, command] {
      flags->training.given = given_on_command_line(*command);
      flags->training.settings = recipe_settings(flags->training.recipe, std::nullopt,
                                                 flags->training.settings, flags->training.given);
      return lr_find_command(*flags);
    };
  });
}

}  // namespace bart
