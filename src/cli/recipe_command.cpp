#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "bart/record/run_settings.h"
#include "commands.h"

namespace bart {
namespace {

/// Prints a line of flags to paste after bart train, then a comment on each of them.
int recipe_command(const std::string& name) {
  const RunSettings recipe = recipe_settings(name);
  const RunSettings original;
  std::string flags, comments;
  for (const Setting& setting : run_settings()) {
    const std::string value = text_of(setting, recipe);
    const std::string before = text_of(setting, original);
    if (setting.effect == Effect::output || (name != "original" && value == before)) continue;
    if (value.empty() || value == "false") continue;
    flags += fmt::format("{}--{} {}", flags.empty() ? "" : " ", setting.flag, value);
    comments += fmt::format("# {:<20} {}\n", fmt::format("--{}", setting.flag), setting.label);
  }
  fmt::print("{}\n\n{}", flags, comments);
  return 0;
}

}  // namespace

void add_recipe_command(CLI::App& program, Run& run) {
  auto name = std::make_shared<std::string>("tuned");
  CLI::App* command =
      program.add_subcommand("recipe", "Print the settings of a recipe, as flags of bart train");
  command->add_option("name", *name, "original, or tuned: then the settings that differ from original")
      ->check(CLI::IsMember({"original", "tuned"}))
      ->capture_default_str();
  command->footer(
      "Examples:\n"
      "  bart recipe tuned                               what --recipe tuned sets\n"
      "  bart train faces --recipe tuned --dropout 0,0,0,0,0.5,0.5    with other dropout rates");
  command->callback([name, &run] { run = [name] { return recipe_command(*name); }; });
}

}  // namespace bart
