#include "report_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "bart/model/model_file.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/threads.h"
#include "bart/report/report.h"
#include "commands.h"
#include "run_record.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct ReportFlags {
  fs::path run = ".";
  int threads = 0;
};

/// The test pictures of a training, labelled as the model numbers its classes.
LoadedPictures test_pictures_of(const RunFacts& run, int threads, Progress& progress) {
  const Listing listing = recorded_test_pictures(run.folder, run.data_folder);
  LoadedPictures pictures = load_pictures(
      listing,
      {.image_size = run.image_size,
       .threads = threads,
       .apply_exif_orientation = !run.ignore_exif,
       .strict = true},
      [&](std::size_t done, std::size_t total) { progress.show("Reading pictures", done, total); });
  progress.clear();
  for (std::int32_t& label : pictures.labels) {
    const std::string& name = listing.classes[static_cast<std::size_t>(label)];
    const auto found = std::ranges::find(run.classes, name);
    if (found == run.classes.end()) {
      throw Error(fmt::format("{} names a picture of {}, which is no class of the training",
                              (run.folder / "test_pictures.csv").string(), name));
    }
    label = static_cast<std::int32_t>(found - run.classes.begin());
  }
  return pictures;
}

int report_command(const ReportFlags& flags) {
  if (flags.threads < 0) throw UsageError(fmt::format("--threads must be at least 1, not {}", flags.threads));
  const int threads = flags.threads > 0 ? flags.threads : available_threads();
  Progress progress;
  Log log("Batlogger (Report)", progress);
  const RunFacts run = read_run(flags.run);
  const fs::path results = run.folder.has_parent_path() ? run.folder.parent_path() : fs::path("..");
  const ModelFile model = read_model_file(results / "BART-10M.pth", results / "label_encoder.joblib");
  if (model.classes != run.classes) {
    throw Error(fmt::format("{} is not the model that {} tells of: its classes are others",
                            (results / "BART-10M.pth").string(), (run.folder / "run.json").string()));
  }
  const LoadedPictures pictures = test_pictures_of(run, threads, progress);
  std::vector<std::uint32_t> all(pictures.size());
  std::iota(all.begin(), all.end(), 0u);
  write_report(run.folder, model.state, pictures, all, threads, progress, log);
  return 0;
}

}  // namespace

void write_report(const fs::path& run_folder, const StateDict& state, const LoadedPictures& pictures,
                  std::span<const std::uint32_t> test, int threads, Progress& progress, Log& log) {
  const std::string page = training_report(
      read_run(run_folder), state, pictures, test, threads,
      [&](std::size_t done, std::size_t total) { progress.show("Making the report", done, total); });
  progress.clear();
  write_file(run_folder / "report.html", page);
  log.info(fmt::format("Saved {}", (run_folder / "report.html").string()));
}

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
