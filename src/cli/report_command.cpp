#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "bart/run/run.h"
#include "commands.h"
#include "log.h"
#include "model_flags.h"
#include "progress.h"

namespace bart {
namespace {

struct ReportFlags {
  std::filesystem::path run = ".";
  int threads = 0;
};

int report_command(const ReportFlags& flags) {
  Progress progress;
  Log log("Batlogger (Report)", progress);
  const MadeReport made = make_report(
      flags.run, flags.threads,
      [&](std::size_t done, std::size_t total) { progress.show("Reading pictures", done, total); },
      [&](std::size_t done, std::size_t total) { progress.show("Making the report", done, total); });
  progress.clear();
  if (!made.kept.empty()) log.info(made.kept);
  log.info(fmt::format("Saved {} and {}", made.page.string(), made.model_card.string()));
  return 0;
}

}  // namespace

void add_report_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<ReportFlags>();
  CLI::App* command =
      program.add_subcommand("report", "Make the report of a training again, bart-run/report.html");
  command->add_option("run", flags->run, "Folder that bart train wrote its results into")
      ->capture_default_str();
  command->add_option("--threads", flags->threads,
                      "Number of threads (default: all that this process may use)");
  command->footer(
      "The report is a single file with curves, the confusion matrix, the F1 of each class, the worst "
      "mistakes and the\nleast certain predictions with Grad-CAM, the data, and how to use the model. bart "
      "train writes it at the end;\nthis command writes it again from the record, the model and the test "
      "pictures of the training.\n\n"
      "Examples:\n"
      "  bart report            for the training whose results are in this folder\n"
      "  bart report run1");
  command->callback([flags, &run] { run = [flags] { return report_command(*flags); }; });
}

}  // namespace bart
