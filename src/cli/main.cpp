#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "arguments.h"
#include "bart/cluster/launched.h"
#include "bart/platform/error.h"
#include "bart/platform/printable.h"
#include "bart/platform/stack.h"
#include "bart/platform/standard_streams.h"
#include "bart/record/run_settings.h"
#include "bart/record/version.h"
#include "commands.h"
#include "number_flags.h"
#include "stop_signals.h"
#include "terminal.h"
#include "thread_flag.h"
#include "usage_sentence.h"
#include "verbosity.h"
#include "wrapped.h"

namespace bart {
namespace {

/// The command line in which "bart help", "bart help COMMAND" and "bart version" are replaced by their flags.
std::vector<std::string> understood(const CLI::App& program, std::vector<std::string> arguments) {
  if (arguments.size() < 2) return arguments;
  if (arguments[1] == "version") arguments[1] = "--version";
  if (arguments[1] != "help") return arguments;
  arguments.erase(arguments.begin() + 1);
  if (arguments.size() > 1 && (arguments[1] == "help" || arguments[1] == "version")) arguments.resize(1);
  // For any other word the program says that there is no such command.
  const auto is_asked_for = [&](const CLI::App* command) { return command->get_name() == arguments[1]; };
  if (arguments.size() == 1 || !program.get_subcommands(is_asked_for).empty()) arguments.push_back("--help");
  return arguments;
}

/// An empty text is what an unset variable of a shell leaves, and must not pass for a flag that was not
/// given.
void check_no_empty_values(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    // --resume without a value has an empty one.
    if (option->get_expected_min() == 0 ||
        std::ranges::find(option->results(), std::string()) == option->results().end())
      continue;
    const bool argument = option->get_positional();
    throw UsageError(fmt::format("{} must not be empty: {} (see bart {} --help)",
                                 argument ? option->get_name(true) : option->get_name(),
                                 argument ? "name it, or leave it out" : "give it a value, or leave it out",
                                 command.get_name()));
  }
}

/// Whether the command has work for the further processes of a launcher.
bool is_shared(const CLI::App& program) {
  constexpr std::array shared = {"train", "evaluate", "predict", "inspect"};
  const auto commands = program.get_subcommands();
  return !commands.empty() && std::ranges::find(shared, commands.front()->get_name()) != shared.end();
}

void print_help(const std::string& help) {
  fmt::print("{}", wrapped_help(help, terminal_columns(STDOUT_FILENO)));
}

int run_program(int argc, const char* const* argv) {
  CLI::App program("BART trains an image classifier on a folder of pictures, and puts it to work.", "bart");
  program.set_version_flag("--version", fmt::format("bart {}", bart_version()));
  program.require_subcommand(0, 1);
  program.footer(
      "Examples:\n"
      "  bart sample faces                draw a small data set, one folder per class\n"
      "  bart train faces --epochs 5      train on it: BART-10M.pth, label_encoder.joblib, "
      "inference_images/\n"
      "  bart predict                     classify inference_images/ into results.json\n"
      "  bart predict picture.jpg         classify a picture\n\n"
      "bart COMMAND --help explains a command.");
  Run run;
  add_train_command(program, run, quoted_command(argc, argv));
  add_predict_command(program, run);
  add_evaluate_command(program, run);
  add_recipe_command(program, run);
  add_report_command(program, run);
  add_explain_command(program, run);
  add_compare_command(program, run);
  add_export_command(program, run);
  add_convert_command(program, run);
  add_inspect_command(program, run);
  add_audit_command(program, run);
  add_apply_command(program, run);
  add_lr_find_command(program, run);
  add_tune_command(program, run);
  add_bench_command(program, run);
  add_serve_command(program, run);
  add_summary_command(program, run);
  add_sample_command(program, run);
  add_completion_command(program, run);
  add_man_command(program, run);
  Verbosity wanted;
  for (CLI::App* command : program.get_subcommands({})) {
    command->add_flag("-q,--quiet", wanted.quiet, "Print only warnings and errors");
    command->add_flag("-v,--verbose", wanted.verbose, "Print more details");
    if (CLI::Option* threads = command->get_option_no_throw("--threads")) {
      threads->transform(CLI::Validator(startable_threads_text, ""));
    }
    read_numbers_as_written(*command);
  }

  const std::vector<std::string> arguments = understood(program, dashed_arguments(argc, argv));
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend() - std::min(argc, 1));
  try {
    program.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    const auto commands = program.get_subcommands();
    print_help(commands.empty() ? program.help() : commands.front()->help("bart"));
    return 0;
  } catch (const CLI::CallForVersion& call) {
    fmt::print("{}\n", call.what());
    return 0;
  } catch (const CLI::ParseError& error) {
    throw UsageError(usage_sentence(program, error));
  }
  wanted.silent = is_further_process();
  if (wanted.silent && !is_shared(program)) return 0;
  if (!run) {
    print_help(program.help());
    return 2;
  }
  check_no_empty_values(*program.get_subcommands().front());
  if (wanted.quiet && wanted.verbose)
    throw UsageError("--quiet and --verbose contradict each other: use only one of them");
  set_verbosity(wanted);
  return run();
}

/// Writes the error to stderr, which may be closed. Returns `code`.
int fail(std::string sentence, int code) {
  std::fflush(stdout);
  std::error_code error;
  [[maybe_unused]] const auto folder = std::filesystem::current_path(error);
  if (error) sentence += "; the folder that bart was started in no longer exists";
  sentence += process_name();
  const std::string line = fmt::format("{} {}\n", styled("bart:", Style::error, shows_colours(STDERR_FILENO)),
                                       printable_line(sentence));  // it may name a file
  std::fwrite(line.data(), 1, line.size(), stderr);
  return code;
}

int run_to_an_exit_code(int argc, const char* const* argv) {
  const auto output_failed = [] {
    const char* const reason = errno != 0 ? std::strerror(errno) : "not all of it was written";
    return fail(fmt::format("cannot write to standard output: {}", reason), 1);
  };
  try {
    const int code = run_program(argc, argv);
    // Writing stdout may still fail now, on a full disk for example.
    errno = 0;
    const bool failed = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
    return failed && code == 0 ? output_failed() : code;  // else a sentence has told why
  } catch (const SettingError& error) {
    return fail(error.with_flags(), error.usage() ? 2 : 1);
  } catch (const UsageError& error) {
    return fail(error.what(), 2);
  } catch (const Stopped& stopped) {
    return fail(stopped.what(), stopped.code());
  } catch (const Error& error) {
    return fail(error.what(), 1);
  } catch (const std::bad_alloc&) {
    return fail("out of memory", 1);
  } catch (const std::filesystem::filesystem_error& error) {
    const std::string path = error.path1().empty() ? "the current folder" : error.path1().string();
    return fail(fmt::format("cannot use {}: {}", path, error.code().message()), 1);
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::resource_unavailable_try_again && std::ferror(stdout) == 0)
      return fail("cannot start as many threads as needed (ulimit -u, or the limits of its container)", 1);
    if (std::ferror(stdout) == 0) return fail(error.code().message(), 1);
    errno = error.code().value();  // of {fmt}, which could not print
    return output_failed();
  } catch (const std::exception& error) {
    return fail(error.what(), 1);
  }
}

}  // namespace
}  // namespace bart

int main(int argc, char** argv) {
  // A write beyond the limit on file sizes then fails with a sentence instead of killing the process.
  std::signal(SIGXFSZ, SIG_IGN);
  bart::end_on_signals_as_first_process();
  try {
    bart::open_standard_streams();
    return bart::run_with_enough_stack([&] { return bart::run_to_an_exit_code(argc, argv); });
  } catch (const bart::Error& error) {
    return bart::fail(error.what(), 1);
  }
}
