#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/threads.h"
#include "bart/training/lr_range_test.h"
#include "cache_text.h"
#include "commands.h"
#include "log.h"
#include "lr_plot.h"
#include "progress.h"
#include "train_flags.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct LrFindFlags {
  fs::path folder = "characters_train";
  fs::path out = "lr-find.svg";
  int image_size = 128;
  double test_size = 0.2;
  std::int64_t seed = 10;
  int threads = 0;
  bool ignore_exif = false;
  fs::path cache;
  LrRangeOptions options;
};

void check_flags(const LrFindFlags& flags) {
  const auto require = [](bool right, const std::string& sentence) {
    if (!right) throw UsageError(sentence);
  };
  const LrRangeOptions& options = flags.options;
  require(options.from > 0 && options.from < options.to && std::isfinite(options.to),
          fmt::format("--from must be above 0 and below --to, not {} and {}", options.from, options.to));
  require(options.steps >= 2, fmt::format("--steps must be at least 2, not {}", options.steps));
  require(options.batch_size >= 1, fmt::format("--bs must be at least 1, not {}", options.batch_size));
  check_picture_flags(flags.test_size, flags.image_size, flags.seed);
  require(flags.threads >= 0, fmt::format("--threads must be at least 1, not {}", flags.threads));
}

int lr_find_command(LrFindFlags flags) {
  check_flags(flags);
  LrRangeOptions& options = flags.options;
  options.threads = flags.threads > 0 ? flags.threads : available_threads();
  options.seed = static_cast<std::uint32_t>(flags.seed);
  check_cache(flags.cache, flags.folder);
  Progress progress;
  Log log("Batlogger (LR Find)", progress);
  const LoadedPictures pictures = load_pictures(
      list_folder(flags.folder),
      {.image_size = flags.image_size,
       .threads = options.threads,
       .apply_exif_orientation = !flags.ignore_exif,
       .cache = flags.cache},
      [&](std::size_t done, std::size_t total) { progress.show("Reading pictures", done, total); });
  log_cache(log, pictures, flags.cache);
  const Split split =
      train_test_split(static_cast<std::uint32_t>(pictures.size()), flags.test_size, options.seed);
  const LrRangeTest test =
      lr_range_test(pictures, split.train,
                    {.classes = static_cast<int>(pictures.classes.size()), .image_size = flags.image_size},
                    options, [&](int done, int total) {
                      progress.show("Learning rates", static_cast<std::size_t>(done),
                                    static_cast<std::size_t>(total), {}, "steps");
                    });
  progress.clear();
  if (test.steps.size() < 2) {
    throw Error(fmt::format("the loss flew off at once: choose a --from below {}", options.from));
  }
  write_file(flags.out, lr_plot(test));
  fmt::print("{} learning rates from {:.2g} to {:.2g}: the smoothed loss is lowest at {:.2g}\n",
             test.steps.size(), options.from, test.steps.back().learning_rate, test.lowest_at);
  fmt::print("Try bart train --lr {:.2g}, a tenth of that; the curve is in {}\n", test.suggestion,
             flags.out.string());
  return 0;
}

}  // namespace

void add_lr_find_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<LrFindFlags>();
  CLI::App* command =
      program.add_subcommand("lr-find", "Find a learning rate: a short training with growing ones");
  command->add_option("folder", flags->folder, "The data: one sub-folder a class")->capture_default_str();
  command->add_option("--from", flags->options.from, "The first learning rate")->capture_default_str();
  command->add_option("--to", flags->options.to, "The last one")->capture_default_str();
  command->add_option("--steps", flags->options.steps, "How many, each for one step")->capture_default_str();
  command->add_option("--cache", flags->cache, cache_help);
  command->add_option("--bs", flags->options.batch_size, "Batch size")->capture_default_str();
  command
      ->add_option("--image-size", flags->image_size, "Side that pictures are resized to, a multiple of 16")
      ->capture_default_str();
  command->add_option("--seed", flags->seed, "Seed of the split, weights, batches and dropout")
      ->capture_default_str();
  command->add_option("--test-size", flags->test_size, "Share of the pictures that are left out")
      ->capture_default_str();
  command->add_option("--out", flags->out, "The plot, SVG")->capture_default_str();
  command->add_option("--threads", flags->threads, "Threads (default: all that this process may use)");
  command->add_flag("--ignore-exif", flags->ignore_exif, "Take pictures as stored, not as turned by EXIF");
  command->footer(
      "The test stops where the loss is four times its lowest. Nothing but the plot is written.\n\n"
      "Examples:\n"
      "  bart lr-find faces                     a hundred steps from 1e-6 to 1\n"
      "  bart lr-find faces --steps 300         a smoother curve");
  command->callback([flags, &run] { run = [flags] { return lr_find_command(*flags); }; });
}

}  // namespace bart
