#include "usage_sentence.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

#include "command_texts.h"
#include "suggestion.h"

namespace bart {
namespace {

/// A sentence about arguments that no command, flag or argument took.
std::string unexpected(const std::vector<std::string>& remaining, const CLI::App& command,
                       const std::vector<CommandText>& texts) {
  const bool is_program = command.get_parent() == nullptr;
  if (is_program && !remaining.front().starts_with('-')) {
    return fmt::format("there is no command {}{}", remaining.front(), suggestion(remaining, "", texts));
  }
  // The word after an unknown flag is most likely its value.
  for (const std::string& argument : remaining) {
    const std::string flag = argument.substr(0, argument.find('='));
    if (flag.size() < 2 || !flag.starts_with('-') || command.get_option_no_throw(flag) != nullptr) continue;
    return fmt::format("there is no flag {}{}", flag,
                       suggestion({argument}, is_program ? "" : command.get_name(), texts));
  }
  return fmt::format("{} not expected: {}", remaining.size() == 1 ? "this was" : "these were",
                     fmt::join(remaining, " "));
}

/// What a value of the flag has to be. CLI11 names its type "INT" or "TEXT:{a,b}".
std::string kind_of_value(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (type.starts_with("INT")) return "a whole number of at most 2147483647";
  if (type.starts_with("UINT")) return "a whole number of at least 0";
  return "another value";
}

/// The option that CLI11's message names, at its beginning or before " = ".
const CLI::Option* named_option(const CLI::App& command, std::string_view message) {
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (message.starts_with(name + ":") || message.find(": " + name + " = ") != std::string_view::npos) {
      return option;
    }
  }
  return nullptr;
}

std::string what_was_wrong(const CLI::App& program, const CLI::App& command, const CLI::ParseError& error) {
  const std::string message = error.what();
  const std::vector<std::string> remaining = program.remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !remaining.empty()) {
    return unexpected(remaining, command, command_texts(program));
  }
  const CLI::Option* option = named_option(command, message);
  if (option == nullptr) return message;
  const std::vector<std::string> values = option->results();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    if (values.size() > 1) {
      return fmt::format("{} is given {} times ({}): give it once", option->get_name(), values.size(),
                         fmt::join(values, ", "));
    }
    return fmt::format("{} needs a value after it", option->get_name());
  }
  if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr && !values.empty()) {
    return fmt::format("{} takes {}, not {}", option->get_name(), kind_of_value(*option), values.back());
  }
  if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) {
    const std::size_t list = message.rfind(" not in {");  // "--split: x not in {a,b}"
    if (list != std::string::npos && !values.empty()) {
      return fmt::format("{} takes one of {}, not {}", option->get_name(),
                         message.substr(list + 9, message.rfind('}') - list - 9), values.back());
    }
    return fmt::format("{} {}", option->get_name(), message.substr(option->get_name().size() + 2));
  }
  return message;
}

}  // namespace

std::string usage_sentence(const CLI::App& program, const CLI::ParseError& error) {
  const auto commands = program.get_subcommands();
  const CLI::App& command = commands.empty() ? program : *commands.front();
  return fmt::format("{} (see bart{} --help)", what_was_wrong(program, command, error),
                     commands.empty() ? "" : " " + command.get_name());
}

}  // namespace bart
