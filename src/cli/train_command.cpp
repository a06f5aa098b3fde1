#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bart/checkpoint/checkpoint_folder.h"
#include "bart/cluster/join.h"
#include "bart/cluster/launched.h"
#include "bart/dataset/prefix_files.h"
#include "bart/platform/counted.h"
#include "bart/run/run.h"
#include "bart/run/settle.h"
#include "commands.h"
#include "outputs.h"
#include "stop_signals.h"
#include "traffic.h"
#include "train_flags.h"
#include "training_log.h"

namespace bart {
namespace {

LogStyle style_of(const std::string& name) {
  if (name == "auto") return ::isatty(STDERR_FILENO) != 0 ? LogStyle::table : LogStyle::original;
  return name == "json" ? LogStyle::json : name == "table" ? LogStyle::table : LogStyle::original;
}

/// Takes part in the training that process 0 leads, which alone says how it goes.
int assist_command(JoinedGroup& group, int threads) {
  // Before the first step there is nothing to save, so a signal ends the process.
  std::optional<StopSignals> signals;
  assist(group, threads, [&] {
    if (!signals) signals.emplace();
    return signals->received() == 0;
  });
  group.leave();
  return 0;
}

int train_alone_or_first(const TrainFlags& flags, ResumeMode mode, const std::string& command_line,
                         Group* group) {
  TrainingLog log(style_of(flags.log));
  RunObserver observer = log.observer();
  std::optional<Traffic> traffic;
  if (group != nullptr) traffic.emplace(*group, observer);
  const auto end = [&](const RunResult& result) {
    if (traffic) log.info(traffic->text());
    return log.end(result);
  };
  const bool go_on = mode == ResumeMode::yes || (mode == ResumeMode::if_possible &&
                                                 has_checkpoint(RunFolder(flags.settings.out).record()));
  if (go_on) {
    const auto change = [&](RunSettings& settings) { take_flags(flags, settings); };
    // With auto, a training of other pictures that is past makes room for the one that is asked for.
    const auto begins_anew = [&](const Error& error) {
      if (mode != ResumeMode::if_possible || !is_past_and_elsewhere(flags.settings.out, named_folder(flags)))
        return false;
      log.info(
          fmt::format("The checkpoints in {} are of an earlier training, with another data folder than {}: "
                      "beginning a new one ({})",
                      flags.settings.out, named_folder(flags).string(), error.what()));
      return true;
    };
    try {
      return log.end(
          resume(flags.settings.out, {named_folder(flags), change, command_line}, observer, group));
    } catch (const ChangedSetting& error) {
      const std::string sentence = sentence_of(error, flags);
      if (!begins_anew(UsageError(sentence)))
        throw UsageError(fmt::format("{}: leave {} out, or start again without --resume", sentence,
                                     flags.recipe_given              ? "--recipe or the flag"
                                     : !flags.keys_in_config.empty() ? "that"
                                                                     : "the flag"));
    } catch (const SettingError& error) {
      if (!begins_anew(UsageError(sentence_of(error, flags)))) throw;
    } catch (const ChangedData& error) {
      if (!begins_anew(error)) {
        throw Error(fmt::format("{}; {}, or begin a new training without --resume", error.what(),
                                error.elsewhere() ? "leave the folder out to continue it" : "restore it"));
      }
    }
  }
  for (const char* flag : {"max-steps", "patience"}) {
    // Who types a 0 may have meant "not one"; a configuration file holds every setting.
    if (flags.config.empty() && flags.given.contains(flag) &&
        text_of(run_setting(flag), flags.settings) == "0") {
      log.info(fmt::format("--{} 0 means no limit: the training ends with its last epoch", flag));
    }
  }
  const RunFolder out(flags.settings.out);
  std::vector<Output> outputs;
  for (const std::filesystem::path& file : out.result_files()) outputs.push_back({"--out", file});
  // The record of an earlier training is kept, files that no training wrote are not.
  if (!std::filesystem::exists(out.run_json())) {
    for (const std::filesystem::path& file : out.record_files()) outputs.push_back({"--out", file});
  }
  check_replaces_no_input(outputs, std::array{flags.config, named_folder(flags)});
  std::filesystem::path folder = named_folder(flags);
  if (folder.empty()) folder = "characters_train";
  if (flags.prefix) {
    settle(flags.settings);  // a command that cannot run renames nothing
    log.info(fmt::format("Renamed {}", counted(prefix_files(folder), "file", "files")));
  }
  const RunCommand command{.text = command_line, .given = flags.chosen};
  return end(train(folder, flags.settings, observer, command, group));
}

int train_command(TrainFlags& flags, ResumeMode mode, const std::string& command_line) {
  const auto group = join_launched(std::chrono::seconds(flags.timeout), flags.settings.threads);
  if (group == nullptr && launched()) flags.settings.deterministic = true;  // as with more processes
  if (!is_first(group.get())) return assist_command(*group, flags.settings.threads);
  const int code = train_alone_or_first(flags, mode, command_line, group.get());
  if (group != nullptr) group->leave();
  return code;
}

}  // namespace

void add_train_command(CLI::App& program, Run& run, const std::string& command_line) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command =
      program.add_subcommand("train", "Train a classifier on a folder with one sub-folder per class");
  add_train_flags(*command, *flags);
  command->callback([flags, &run, command, command_line] {
    run = [flags, command, command_line] {
      const ResumeMode mode = take_resume(*command, *flags);
      check_folder_flags(*flags);
      take_given(*command, *flags);
      try {
        return train_command(*flags, mode, command_line);
      } catch (const SettingError& error) {
        const std::string sentence = sentence_of(error, *flags);
        if (error.usage()) throw UsageError(sentence);
        throw Error(sentence);
      }
    };
  });
}

}  // namespace bart
