#include "command_texts.h"

#include <CLI/CLI.hpp>

namespace bart {
namespace {

/// CLI11 writes a set of values into the type's name: "TEXT:{a,b,c}".
std::vector<std::string> values_of(const std::string& type) {
  const std::size_t open = type.find('{');
  const std::size_t close = type.rfind('}');
  std::vector<std::string> values;
  if (open == std::string::npos || close == std::string::npos) return values;
  for (std::size_t begin = open + 1; begin <= close;) {
    const std::size_t end = std::min(type.find(',', begin), close);
    values.push_back(type.substr(begin, end - begin));
    begin = end + 1;
  }
  return values;
}

CommandText text_of(const CLI::App& app, const std::string& name) {
  CommandText command{name, app.get_description(), app.get_footer(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    FlagText flag;
    flag.description = option->get_description();
    flag.takes_value = option->get_items_expected_max() > 0;
    flag.default_value = option->get_default_str();
    flag.values = values_of(option->get_type_name());
    if (option->get_positional()) {
      flag.name = option->get_name(true);
      command.arguments.push_back(flag);
      continue;
    }
    if (option->get_lnames().empty()) continue;
    flag.name = "--" + option->get_lnames().front();
    for (std::size_t i = 1; i < option->get_lnames().size(); ++i) {
      flag.synonyms.push_back("--" + option->get_lnames()[i]);
    }
    if (!option->get_snames().empty()) flag.short_name = "-" + option->get_snames().front();
    command.flags.push_back(flag);
  }
  return command;
}

}  // namespace

std::vector<CommandText> command_texts(const CLI::App& program) {
  std::vector<CommandText> commands = {text_of(program, "")};
  for (const CLI::App* command : program.get_subcommands(nullptr)) {
    if (!command->get_group().empty()) commands.push_back(text_of(*command, command->get_name()));
  }
  return commands;
}

}  // namespace bart
