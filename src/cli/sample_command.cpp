#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "arguments.h"
#include "bart/platform/error.h"
#include "bart/sample/sample.h"
#include "commands.h"
#include "progress.h"
#include "verbosity.h"

namespace bart {
namespace {

struct SampleFlags {
  std::filesystem::path folder;
  SampleOptions options;
};

int sample_command(const SampleFlags& flags) {
  const SampleOptions& options = flags.options;
  const auto most = static_cast<int>(sample_characters().size());
  if (options.classes < 2 || options.classes > most)
    throw UsageError(fmt::format("--classes is {}: give a number from 2 to {}", options.classes, most));
  if (options.per_class < 1 || options.per_class > max_sample_per_class) {
    throw UsageError(fmt::format("--per-class is {}: give a number from 1 to {}", options.per_class,
                                 max_sample_per_class));
  }
  Progress progress;
  write_sample(flags.folder, options,
               [&](std::size_t done, std::size_t total) { progress.show("Drawing", done, total); });
  progress.clear();
  if (verbosity().quiet) return 0;
  fmt::print("Drew {} pictures of {} characters into {}\n", flags.options.classes * flags.options.per_class,
             flags.options.classes, flags.folder.string());
  const std::string folder = flags.folder.string();
  const char* const next[] = {"bart", "train", folder.c_str()};
  fmt::print("Next: {}\n", quoted_command(3, next));
  return 0;
}

}  // namespace

void add_sample_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<SampleFlags>();
  CLI::App* command =
      program.add_subcommand("sample", "Draw a small data set of cartoon faces to try BART with");
  command->add_option("folder", flags->folder, "New folder to draw into")->required();
  command->add_option("--classes", flags->options.classes, "Number of characters")->capture_default_str();
  command->add_option("--per-class", flags->options.per_class, "Pictures of each")->capture_default_str();
  command->add_option("--seed", flags->options.seed, "Seed: the same seed draws the same pictures")
      ->capture_default_str();
  command->footer(
      "Examples:\n"
      "  bart sample faces\n"
      "  bart sample faces --classes 4 --per-class 200 --seed 7");
  command->callback([flags, &run] { run = [flags] { return sample_command(*flags); }; });
}

}  // namespace bart
