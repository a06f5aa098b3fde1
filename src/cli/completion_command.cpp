#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>

#include "bart/platform/error.h"
#include "bart/record/version.h"
#include "command_texts.h"
#include "commands.h"
#include "completion.h"
#include "man_page.h"

namespace bart {

void add_completion_command(CLI::App& program, Run& run) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command =
      program.add_subcommand("completion", "Print a script that lets a shell complete bart's commands");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Examples:\n"
      "  source <(bart completion bash)                                      in ~/.bashrc; zsh: in ~/.zshrc\n"
      "  bart completion fish > ~/.config/fish/completions/bart.fish");
  command->callback([&program, shell, &run] {
    run = [&program, shell] {
      const std::vector<CommandText> commands = command_texts(program);
      fmt::print("{}", *shell == "bash"  ? bash_completion(commands)
                       : *shell == "zsh" ? zsh_completion(commands)
                                         : fish_completion(commands));
      return 0;
    };
  });
}

void add_man_command(CLI::App& program, Run& run) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = program.add_subcommand("man", "Print the manual page of a command, for man(1)");
  command->group("");  // hidden: the installation makes files of the pages
  command->add_option("command", *name, "The command (default: the page of the program itself)");
  command->callback([&program, name, &run] {
    run = [&program, name] {
      const std::vector<CommandText> commands = command_texts(program);
      const auto found = std::ranges::find(commands, *name, &CommandText::name);
      if (found == commands.end()) throw UsageError(fmt::format("there is no command {}", *name));
      fmt::print("{}", man_page(*found, commands, bart_version()));
      return 0;
    };
  });
}

}  // namespace bart
