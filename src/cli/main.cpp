#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "arguments.h"
#include "bart/platform/error.h"
#include "bart/platform/printable.h"
#include "bart/record/run_settings.h"
#include "command_texts.h"
#include "commands.h"
#include "suggestion.h"
#include "terminal.h"
#include "verbosity.h"
#include "version.h"

namespace bart {
namespace {

/// The command that the user was typing, for "see … --help".
std::string command_name(const CLI::App& program) {
  const auto commands = program.get_subcommands();
  return commands.empty() ? "bart" : "bart " + commands.front()->get_name();
}

int run_program(int argc, const char* const* argv) {
  CLI::App program("BART trains an image classifier on a folder of pictures, and puts it to work.", "bart");
  program.set_version_flag("--version", fmt::format("bart {}", version));
  program.require_subcommand(0, 1);
  program.footer(
      "Examples:\n"
      "  bart sample faces                draw a small data set, one folder a class\n"
      "  bart train faces --epochs 5      train on it: BART-10M.pth, label_encoder.joblib, "
      "inference_images/\n"
      "  bart predict                     classify inference_images/ into results.json\n"
      "  bart predict picture.jpg         classify a picture\n\n"
      "bart COMMAND --help tells all about a command.");
  Run run;
  add_train_command(program, run, quoted_command(argc, argv));
  add_predict_command(program, run);
  add_evaluate_command(program, run);
  add_report_command(program, run);
  add_explain_command(program, run);
  add_compare_command(program, run);
  add_export_command(program, run);
  add_convert_command(program, run);
  add_inspect_command(program, run);
  add_lr_find_command(program, run);
  add_bench_command(program, run);
  add_summary_command(program, run);
  add_sample_command(program, run);
  add_completion_command(program, run);
  add_man_command(program, run);
  Verbosity wanted;
  for (CLI::App* command : program.get_subcommands({})) {
    command->add_flag("-q,--quiet", wanted.quiet, "Say nothing but warnings and errors");
    command->add_flag("-v,--verbose", wanted.verbose, "Say more on the way");
  }

  std::vector<std::string> arguments = dashed_arguments(argc, argv);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend() - 1);
  try {
    program.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    const auto commands = program.get_subcommands();
    fmt::print("{}", commands.empty() ? program.help() : commands.front()->help("bart"));
    return 0;
  } catch (const CLI::CallForVersion& call) {
    fmt::print("{}\n", call.what());
    return 0;
  } catch (const CLI::ParseError& error) {
    const std::string name = command_name(program);
    const auto commands = program.get_subcommands();
    const std::string meant =
        suggestion(program.remaining(true), commands.empty() ? "" : commands.front()->get_name(),
                   command_texts(program));
    // CLI11 names what it did not expect from the last to the first.
    const bool unexpected = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
    const std::vector<std::string> remaining = program.remaining(true);
    const std::string said =
        unexpected && remaining.size() > 1
            ? fmt::format("The following arguments were not expected: {}", fmt::join(remaining, " "))
            : error.what();
    throw UsageError(fmt::format("{}{} (see {} --help)", said, meant, name));
  }
  if (!run) {
    fmt::print("{}", program.help());
    return 2;
  }
  if (wanted.quiet && wanted.verbose)
    throw UsageError("--quiet and --verbose say the opposite: name one of them");
  set_verbosity(wanted);
  return run();
}

}  // namespace
}  // namespace bart

int main(int argc, char** argv) {
  const auto fail = [](const char* message, int code) {
    std::fflush(stdout);
    fmt::print(stderr, "{} {}\n",
               bart::styled("bart:", bart::Style::error, bart::shows_colours(STDERR_FILENO)),
               bart::printable(message));  // it may name a file
    return code;
  };
  // A file that grows past its limit is then a failing write with a sentence, not a killed process.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    const int code = bart::run_program(argc, argv);
    // What went to stdout may still fail on its way, on a full disk say.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      return fail("cannot write to standard output", 1);
    return code;
  } catch (const bart::SettingError& error) {
    return fail(error.with_flags().c_str(), error.usage() ? 2 : 1);
  } catch (const bart::UsageError& error) {
    return fail(error.what(), 2);
  } catch (const bart::Error& error) {
    return fail(error.what(), 1);
  } catch (const std::bad_alloc&) {
    return fail("out of memory", 1);
  } catch (const std::exception& error) {
    return fail(error.what(), 1);
  }
}
