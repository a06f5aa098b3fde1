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
  const auto page = make_report(
      flags.run, flags.threads,
      [&](std::size_t done, std::size_t total) { progress.show("Reading pictures", done, total); },
      [&](std::size_t done, std::size_t total) { progress.show("Making the report", done, total); });
  progress.clear();
  log.info(fmt::format("Saved {}", page.string()));
  return 0;
}

}  // namespace

void add_report_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<ReportFlags>();
  CLI::App* command =
      program.add_subcommand("report", "Make the page that tells of a training, bart-run/report.html");
  command->add_option("run", flags->run, "Folder that bart train wrote its results into")
      ->capture_default_str();
  command->add_option("--threads", flags->threads, "Threads (default: all that this process may use)");
  command->footer(
      "One page that holds all it shows: curves, confusion matrix, F1 of each class, the worst mistakes and "
      "the\n"
      "least certain answers with Grad-CAM, the data, how to use the model. bart train makes it at its end; "
      "this\n"
      "makes it again, from the run's record, its model and its test pictures.\n\n"
      "Examples:\n"
      "  bart report            of the training whose results are here\n"
      "  bart report run1");
  command->callback([flags, &run] { run = [flags] { return report_command(*flags); }; });
}

}  // namespace bart
