#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "bart/engine/processor.h"
#include "bart/model/find_model.h"
#include "bart/network/architecture.h"
#include "bart/network/state_dict.h"
#include "bart/network/summary.h"
#include "bart/platform/error.h"
#include "bart/record/run_settings.h"
#include "commands.h"
#include "model_flags.h"

namespace bart {
namespace {

struct SummaryFlags {
  std::filesystem::path model;
  int classes = 42;
  int image_size = 128;
  int batch_size = 32;
  int threads = 0;
  bool plan = false;
};

int summary_command(const SummaryFlags& flags) {
  check({.batch_size = flags.batch_size, .image_size = flags.image_size}, {"bs", "image-size"});
  if (flags.classes < 2) throw UsageError(fmt::format("--classes must be at least 2, not {}", flags.classes));
  const Architecture architecture =
      flags.model.empty() ? Architecture{.classes = flags.classes, .image_size = flags.image_size}
                          : architecture_of(read_model_without_labels(find_model(flags.model)).state);
  try {
    layers_of(architecture);
  } catch (const Error& error) {
    if (!flags.model.empty()) throw;
    throw UsageError(fmt::format("--classes {}: {}", flags.classes, error.what()));
  }
  fmt::print("{}", summary_text(architecture));
  if (flags.plan) {
    const ProcessorBackend processor(architecture, {.threads = flags.threads});
    fmt::print("\n{}", processor.describe_plan(flags.batch_size, /*training=*/true));
  }
  return 0;
}

}  // namespace

void add_summary_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<SummaryFlags>();
  CLI::App* command =
      program.add_subcommand("summary", "Print the network: layers, shapes, parameters, execution plan");
  command->add_option(
      "--model", flags->model,
      "Describe this trained model: .pth, .safetensors, .onnx, a checkpoint, or the folder of a training");
  command->add_option("--classes", flags->classes, "Number of classes, if no model is named")
      ->capture_default_str();
  command
      ->add_option("--image-size", flags->image_size, "Side of the pictures in pixels, if no model is named")
      ->capture_default_str();
  command->add_flag("--plan", flags->plan,
                    "Also print the plan of a training step: operations, buffers, the size of their memory");
  command->add_option("--bs,--batch-size,--batch", flags->batch_size, "Batch size of the plan")
      ->capture_default_str();
  command->add_option("--threads", flags->threads,
                      "Number of threads of the plan (default: all that this process may use)");
  command->footer(
      "Examples:\n"
      "  bart summary                          the original's network, 42 classes\n"
      "  bart summary --model BART-10M.pth     a trained model\n"
      "  bart summary --model run1             the model of the training in run1/\n"
      "  bart summary --plan --bs 64           what a training step executes");
  command->callback([flags, &run] { run = [flags] { return summary_command(*flags); }; });
}

}  // namespace bart
