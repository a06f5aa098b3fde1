#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/report/lr_plot.h"
#include "bart/run/settle.h"
#include "bart/run/split_pictures.h"
#include "bart/training/lr_range_test.h"
#include "cache_text.h"
#include "commands.h"
#include "listing_text.h"
#include "log.h"
#include "output_checks.h"
#include "outputs.h"
#include "progress.h"
#include "train_flags.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// A curve of fewer steps shows nothing.
constexpr int fewest_steps = 10;
constexpr const char* default_out = "lr-find.svg";

struct LrFindFlags {
  fs::path folder = "characters_train";
  fs::path out = default_out;
  RunSettings settings;
  LrRangeOptions options;
};

void check_flags(const LrFindFlags& flags) {
  const LrRangeOptions& options = flags.options;
  if (!(options.from > 0 && options.from < options.to && std::isfinite(options.to))) {
    throw UsageError(
        fmt::format("--from must be above 0 and below --to, not {} and {}", options.from, options.to));
  }
  if (options.steps < fewest_steps) {
    throw UsageError(fmt::format("--steps must be at least {}, not {}", fewest_steps, options.steps));
  }
}

int lr_find_command(const LrFindFlags& flags) {
  check_flags(flags);
  check_ending({"--out", flags.out}, "SVG", {".svg"});
  check_outputs({{"--out", flags.out}});
  const SettledSettings settled = settle(flags.settings);
  const RunSettings& settings = settled.values;
  check_cache(settings.cache, flags.folder);
  Progress progress;
  Log log("Batlogger (LR Find)", progress);
  const Listing listing = list_data(flags.folder);
  log_listing(log, listing);
  const LoadedPictures pictures = load_pictures(
      listing,
      {.image_size = settings.image_size,
       .threads = settings.threads,
       .apply_exif_orientation = !settings.ignore_exif,
       .cache = settings.cache},
      [&](std::size_t done, std::size_t total) { progress.show("Reading pictures", done, total); });
  log_cache(log, pictures, settings.cache);
  LrRangeOptions options = flags.options;
  options.training = settled.training;
  const Split split = split_pictures(pictures, settings);
  const LrRangeTest test =
      lr_range_test(pictures, split.train,
                    {.classes = static_cast<int>(pictures.classes.size()), .image_size = settings.image_size},
                    options, [&](std::size_t done, std::size_t total) {
                      progress.show("Learning rates", done, total, {}, "steps");
                    });
  progress.clear();
  if (test.steps.size() < fewest_steps) {
    throw Error(
        fmt::format("the loss grew too large after {}, too soon to suggest a rate: choose a --from below {}",
                    counted(test.steps.size(), "step", "steps"), options.from));
  }
  EarlierOutput earlier = flags.out != default_out
                              ? EarlierOutput()
                              : EarlierOutput(flags.out, EarlierOutput::Replaced::as_a_whole);
  write_file(flags.out, lr_plot(test));
  fmt::print("{} learning rates from {:.2g} to {:.2g}: the smoothed loss is lowest at {:.2g}\n",
             test.steps.size(), options.from, test.steps.back().learning_rate, test.lowest_at);
  if (test.lowest_at == test.steps.front().learning_rate) {
    fmt::print("No rate made the loss smaller, so none is suggested; the curve is in {}\n",
               flags.out.string());
  } else {
    fmt::print("Try bart train --lr {:.2g}, a tenth of that; the curve is in {}\n", test.suggestion,
               flags.out.string());
  }
  if (const std::string kept = earlier.keep(); !kept.empty()) fmt::print("{}\n", kept);
  return 0;
}

}  // namespace

void add_lr_find_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<LrFindFlags>();
  CLI::App* command =
      program.add_subcommand("lr-find", "Find a learning rate by a short training with growing rates");
  command->add_option("folder", flags->folder, "The data: one sub-folder per class")->capture_default_str();
  command->add_option("--from", flags->options.from, "The first learning rate")->capture_default_str();
  command->add_option("--to", flags->options.to, "The last learning rate")->capture_default_str();
  command->add_option("--steps", flags->options.steps, "Number of learning rates, one per step")
      ->capture_default_str();
  command->add_option("--out", flags->out, "The SVG file to write the curve to")->capture_default_str();
  for (const char* flag : {"bs", "seed", "split-seed", "test-size", "split", "image-size", "class-weights",
                           "clip-norm", "cache", "threads", "precision", "exact", "ignore-exif"}) {
    add_setting_flag(*command, flag, flags->settings);
  }
  command->footer(
      "The test stops when the loss is four times as large as its minimum. It writes nothing but the "
      "curve.\n\n"
      "Examples:\n"
      "  bart lr-find faces                     a hundred steps from 1e-6 to 1\n"
      "  bart lr-find faces --steps 300         a smoother curve");
  command->callback([flags, &run] { run = [flags] { return lr_find_command(*flags); }; });
}

}  // namespace bart
