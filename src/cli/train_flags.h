#pragma once

#include <CLI/App.hpp>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "bart/record/run_settings.h"

namespace bart {

/// The flags of bart train, as given.
struct TrainFlags {
  std::string folder;       // the argument
  std::string folder_name;  // the original's flag
  bool prefix = false;
  std::string resume;  // "auto", or the word after --resume; empty: not given
  std::filesystem::path config;
  std::string log = "auto";
  int timeout = 300;  // seconds, for other processes
  std::string recipe = "original";
  bool recipe_given = false;
  RunSettings settings;
  std::set<std::string> given;   // flags of settings, on the command line or in the configuration file
  std::set<std::string> chosen;  // those of `given` that someone wrote, not bart train in its run.toml
  std::map<std::string, std::string> keys_in_config;  // of the flags that the configuration file gives
};

/// Adds the flags to the command.
void add_train_flags(CLI::App& command, TrainFlags& flags);

/// Adds the flag of one setting, for another command that has it too.
void add_setting_flag(CLI::App& command, const char* flag, RunSettings& settings);

/// Shows the settings of the recipe, for this number of epochs, as the defaults in the help of the flags that
/// the command has.
void show_defaults(CLI::App& command, const std::string& recipe, std::optional<int> epochs);

/// Adds --recipe.
void add_recipe_flag(CLI::App& command, std::string& recipe);

/// The flags of settings among those of `command` that the command line gives.
std::set<std::string> given_on_command_line(const CLI::App& command);

/// Finds out which settings were given, on the command line or in the file --config, whose values the command
/// line overrides. Throws UsageError for an unknown setting or an impossible value.
void take_given(const CLI::App& command, TrainFlags& flags);

/// The sentence of the error, which names a setting as the user gave it: by its flag, or by its key in the
/// file of --config.
std::string sentence_of(const SettingError& error, const TrainFlags& flags);

/// For a training that is resumed: changes its settings to those that were given and, if a recipe was given,
/// to those in which recipes differ.
void take_flags(const TrainFlags& flags, RunSettings& settings);

enum class ResumeMode { no, yes, if_possible };

/// What --resume asks for. The word after --resume may be the data folder.
ResumeMode take_resume(const CLI::App& command, TrainFlags& flags);

/// Throws UsageError if two data folders are named.
void check_folder_flags(const TrainFlags& flags);

/// The folder with the pictures; empty if none was named.
std::filesystem::path named_folder(const TrainFlags& flags);

}  // namespace bart
