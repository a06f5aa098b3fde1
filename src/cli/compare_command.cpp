#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bart/platform/error.h"
#include "bart/report/comparison.h"
#include "bart/report/comparison_text.h"
#include "commands.h"
#include "outputs.h"
#include "terminal.h"

namespace bart {
namespace {

struct CompareFlags {
  std::vector<std::filesystem::path> runs;
  bool json = false;
};

int compare_command(const CompareFlags& flags) {
  std::vector<NamedRun> runs;
  for (const std::filesystem::path& path : flags.runs) runs.push_back({path.string(), read_run(path)});
  const std::string text =
      flags.json ? comparison_json(runs)
                 : comparison_text(runs, terminal_columns(STDOUT_FILENO), shows_colours(STDOUT_FILENO));
  write_output("-", text);
  // To stderr, because other programs may read the table from a pipe. Where it is closed, they are lost.
  for (const std::string& note : compare(runs).notes) std::fputs((note + "\n").c_str(), stderr);
  return 0;
}

}  // namespace

void add_compare_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<CompareFlags>();
  CLI::App* command = program.add_subcommand("compare", "Put trainings side by side: settings and figures");
  command->add_option("runs", flags->runs, "Folders that bart train wrote its results into")->required();
  command->add_flag("--json", flags->json, "Print everything, including all epochs, as JSON");
  command->footer(
      "Settings that differ are marked with !, and the best of each figure with * if the runs were measured "
      "on the same\npictures.\n\n"
      "Examples:\n"
      "  bart compare run1 run2 run3\n"
      "  bart compare run1 run2 --json | jq '.[].best.validation_macro_f1'");
  command->callback([flags, &run] { run = [flags] { return compare_command(*flags); }; });
}

}  // namespace bart
