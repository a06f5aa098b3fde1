#include "completion.h"

#include <fmt/format.h>

#include <string_view>

namespace bart {
namespace {

std::string flag_names(const CommandText& command) {
  std::string names;
  for (const FlagText& flag : command.flags) names += (names.empty() ? "" : " ") + flag.name;
  return names;
}

/// `text` with a backslash before each of `special`.
std::string escaped(std::string_view text, std::string_view special) {
  std::string result;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

/// In single quotes for a POSIX shell.
std::string shell_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace

std::string bash_completion(const std::vector<CommandText>& commands) {
  std::string names, values, flags;
  for (const CommandText& command : commands) {
    if (!command.name.empty()) names += (names.empty() ? "" : " ") + command.name;
    flags +=
        fmt::format("    {}) words={} ;;\n", shell_quoted(command.name), shell_quoted(flag_names(command)));
    const auto add_values = [&](const std::string& pattern, const FlagText& flag) {
      if (flag.values.empty()) return;
      values += fmt::format("    {}) words={} ;;\n", pattern,
                            shell_quoted(fmt::format("{}", fmt::join(flag.values, " "))));
    };
    for (const FlagText& flag : command.flags) add_values(shell_quoted(command.name + " " + flag.name), flag);
    for (const FlagText& argument : command.arguments)
      add_values(shell_quoted(command.name + " " + command.name), argument);
  }
  return fmt::format(
      "# bash completion for bart\n"
      "_bart() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command= words= "
      "word\n"
      "  for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
      "    if [[ $word != -* ]]; then command=$word; break; fi\n"
      "  done\n"
      "  COMPREPLY=()\n"
      "  case \"$command $previous\" in\n{}"
      "    *)\n"
      "      if [[ $current == -* ]]; then\n"
      "        case $command in\n{}"
      "        esac\n"
      "      elif [[ -z $command ]]; then\n"
      "        words={}\n"
      "      fi ;;\n"
      "  esac\n"
      "  if [[ -n $words ]]; then COMPREPLY=($(compgen -W \"$words\" -- \"$current\")); fi\n"
      "}}\n"
      "complete -o default -F _bart bart\n",
      values, flags, shell_quoted(names));
}

std::string zsh_completion(const std::vector<CommandText>& commands) {
  std::string names, cases;
  for (const CommandText& command : commands) {
    if (command.name.empty()) continue;
    names += fmt::format("    {}\n", shell_quoted(command.name + ":" + escaped(command.description, ":\\")));
    cases += fmt::format("    {})\n      _arguments -s", command.name);
    for (const FlagText& flag : command.flags) {
      const std::string action =
          flag.values.empty() ? "_files" : fmt::format("({})", fmt::join(flag.values, " "));
      cases +=
          fmt::format(" \\\n        {}", shell_quoted(flag.name + "[" + escaped(flag.description, "[]:\\") +
                                                      "]" + (flag.takes_value ? ":value:" + action : "")));
    }
    const bool few = !command.arguments.empty() && !command.arguments.front().values.empty();
    cases += fmt::format(
        " \\\n        {} ;;\n",
        shell_quoted(few ? fmt::format("1:value:({})", fmt::join(command.arguments.front().values, " "))
                         : "*:file:_files"));
  }
  return fmt::format(
      "#compdef bart\n"
      "_bart() {{\n"
      "  local -a commands=(\n{}  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  case $command in\n{}"
      "  esac\n"
      "}}\n"
      "if [[ $funcstack[1] == _bart ]]; then _bart \"$@\"; else compdef _bart bart; fi\n",
      names, cases);
}

std::string fish_completion(const std::vector<CommandText>& commands) {
  const auto text = [](std::string_view plain) { return "'" + escaped(plain, "'\\") + "'"; };
  std::string script = "# fish completion for bart\n";
  for (const CommandText& command : commands) {
    const std::string condition =
        command.name.empty() ? "__fish_use_subcommand" : "'__fish_seen_subcommand_from " + command.name + "'";
    if (!command.name.empty()) {
      script += fmt::format("complete -c bart -n __fish_use_subcommand -f -a {} -d {}\n", command.name,
                            text(command.description));
    }
    for (const FlagText& flag : command.flags) {
      script += fmt::format(
          "complete -c bart -n {} -l {} -d {}{}\n", condition, flag.name.substr(2), text(flag.description),
          !flag.values.empty()
              ? fmt::format(" -x -a {}", text(fmt::format("{}", fmt::join(flag.values, " "))))
          : flag.takes_value ? " -r"
                             : "");
    }
    for (const FlagText& argument : command.arguments) {
      if (argument.values.empty()) continue;
      script += fmt::format("complete -c bart -n {} -f -a {}\n", condition,
                            text(fmt::format("{}", fmt::join(argument.values, " "))));
    }
  }
  return script;
}

}  // namespace bart
