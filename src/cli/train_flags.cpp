#include "train_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/make_folders.h"
#include "bart/record/run_toml.h"
#include "suggestion.h"
#include "thread_flag.h"
#include "timeout_flag.h"

namespace bart {

namespace fs = std::filesystem;

void add_setting_flag(CLI::App& command, const char* flag, RunSettings& settings) {
  const Setting& setting = run_setting(flag);
  const std::string name = fmt::format("--{}{}{}", flag, *setting.synonyms != 0 ? "," : "", setting.synonyms);
  std::visit(
      [&](auto member) {
        auto& value = settings.*member;
        using Value = std::remove_reference_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, bool>) {
          command.add_flag(name, value, setting.help);
        } else {
          CLI::Option* option = command.add_option(name, value, setting.help);
          if (const auto& choices = setting.choices; !choices.empty()) {
            option->check(CLI::IsMember(std::vector<std::string>(choices.begin(), choices.end())));
          }
          if (value != Value{}) option->capture_default_str();
        }
      },
      setting.value);
}

void show_defaults(CLI::App& command, const std::string& recipe, std::optional<int> epochs) {
  if (recipe != "tuned") return;
  const RunSettings tuned = recipe_settings(recipe, epochs), original;
  for (const Setting& setting : run_settings()) {
    const std::string text = text_of(setting, tuned);
    if (text == text_of(setting, original)) continue;
    CLI::Option* option = command.get_option_no_throw(fmt::format("--{}", setting.flag));
    if (option != nullptr) option->default_str(text);
  }
}

void add_recipe_flag(CLI::App& command, std::string& recipe) {
  command
      .add_option("--recipe", recipe,
                  "The settings for which no flag is given: original, or tuned, the best that are known for "
                  "this network (bart recipe tuned prints them)")
      ->check(CLI::IsMember({"original", "tuned"}))
      ->each([&command](const std::string& name) { show_defaults(command, name, std::nullopt); })
      ->trigger_on_parse()
      ->capture_default_str();
}

void add_train_flags(CLI::App& command, TrainFlags& flags) {
  command.add_option("folder", flags.folder, "The data: one sub-folder per class (default characters_train)");
  command.add_option("--folder-name", flags.folder_name, "The same, as a flag");
  add_recipe_flag(command, flags.recipe);
  for (const Setting& setting : run_settings()) add_setting_flag(command, setting.flag, flags.settings);
  command
      .add_option("--resume", flags.resume,
                  "Continue the training in --out from its newest checkpoint, with its flags; --resume auto "
                  "starts a new training if there is none to continue")
      ->expected(0, 1);
  command.add_option(
      "--config", flags.config,
      "A file with settings, such as bart-run/run.toml of another training; the command line overrides it");
  command
      .add_option(
          "--log", flags.log,
          "What the training prints: original (the lines of the original), table (a row per epoch), json "
          "(a line per event, on stdout), or auto: a table on a terminal, else the original's lines")
      ->check(CLI::IsMember({"auto", "original", "table", "json"}))
      ->capture_default_str();
  add_timeout_flag(command, flags.timeout);
  command.add_flag("--prefix-files", flags.prefix,
                   "Rename pic_* in the data folder to {class}_pic_* first, as the original did");
  command.footer(
      "bart train writes BART-10M.pth, label_encoder.joblib and inference_images/ (the test pictures). Into "
      "bart-run/ it\nwrites report.html (open it in a browser), run.json, run.toml, steps.csv, "
      "test_pictures.csv, history.csv,\nhistory.json, TensorBoard's event file (tensorboard --logdir "
      "bart-run) and the last two checkpoints.\nThe data folder is only read. If the pixels need more than a "
      "quarter of the memory, they are kept in a file while\nthe training runs, in --cache or beside the "
      "results.\nCtrl-C and SIGTERM save a checkpoint and end the training.\n\n"
      "Examples:\n"
      "  bart train                                the folder characters_train, as the original does\n"
      "  bart train faces --epochs 5 --out run1    another folder, five epochs, results into run1/\n"
      "  bart train faces --recipe tuned           a better model than the original's, with the same "
      "network\n"
      "  bart train faces --max-steps 100          a quick look\n"
      "  bart train --resume --out run1            continues where the training in run1/ stopped\n"
      "  bart train faces --resume auto            starts or continues, for a loop that restarts it\n"
      "  mpirun -n 4 bart train faces              by four processes, perhaps on four computers");
}

namespace {

/// Takes the settings of the file --config that the command line does not give.
void take_config(const CLI::App& command, TrainFlags& flags) {
  if (flags.config.empty()) return;
  RunToml config;
  const std::vector<std::uint8_t> file = read_file(flags.config, 1 << 20);
  try {
    config = decode_run_toml(file);
  } catch (const UnknownSetting& error) {
    const bool is_flag = command.get_option_no_throw("--" + error.key()) != nullptr;
    throw UsageError(fmt::format("{} {}{}", flags.config.string(), error.what(),
                                 is_flag ? fmt::format(": give --{} on the command line", error.key())
                                         : did_you_mean(error.key(), run_toml_keys())));
  } catch (const Error& error) {
    throw UsageError(fmt::format("{} {}", flags.config.string(), error.what()));
  }
  const bool resumes = command.count("--resume") > 0;  // which may do without them
  const auto check_is_there = [&](const std::string& key, const std::string& path) {
    std::error_code error;
    if (resumes || path.empty() || fs::exists(path, error)) return;
    throw Error(fmt::format("{} says {} = {}, which does not exist", flags.config.string(), key, path));
  };
  if (named_folder(flags).empty()) {
    check_is_there("folder", config.folder);
    flags.folder = config.folder;
  }
  for (auto& [setting, key, value] : config.settings) {
    if (!flags.given.insert(setting->flag).second) continue;
    flags.keys_in_config[setting->flag] = key;
    if (!config.of_a_training) flags.chosen.insert(setting->flag);
    const std::string_view flag = setting->flag;
    if (flag == "init" || flag == "test-folder" || flag == "validation-folder") check_is_there(key, value);
    if (flag == "threads") {
      if (const std::string wrong = startable_threads_text(value); !wrong.empty())
        throw UsageError(fmt::format("{} in {} {}", key, flags.config.string(), wrong));
    }
    set_from_text(*setting, flags.settings, value);
  }
  for (const std::string& key : config.not_utf8) {
    if (key == "folder" ? !named_folder(flags).empty() : flags.given.contains(key)) continue;
    throw UsageError(fmt::format("{} does not hold {}, which is not UTF-8: name it on the command line",
                                 flags.config.string(), key));
  }
}

}  // namespace

std::set<std::string> given_on_command_line(const CLI::App& command) {
  std::set<std::string> given;
  for (const Setting& setting : run_settings()) {
    const CLI::Option* option = command.get_option_no_throw(fmt::format("--{}", setting.flag));
    if (option != nullptr && option->count() > 0) given.insert(setting.flag);
  }
  return given;
}

void take_given(const CLI::App& command, TrainFlags& flags) {
  flags.given = given_on_command_line(command);
  flags.chosen = flags.given;
  take_config(command, flags);
  if (!flags.settings.out.empty()) flags.settings.out = without_missing_detours(flags.settings.out).string();
  flags.recipe_given = command.get_option("--recipe")->count() > 0;
  if (command.count("--resume") > 0 && flags.resume != "auto") {
    if (!flags.recipe_given) return;
    throw UsageError("--recipe is for a new training: leave it out with --resume");
  }
  std::optional<int> epochs;
  if (flags.given.contains("epochs")) epochs = flags.settings.epochs;
  flags.settings = recipe_settings(flags.recipe, epochs, flags.settings, flags.given);
}

std::string sentence_of(const SettingError& error, const TrainFlags& flags) {
  return error.named_by([&](const Setting& setting) {
    const auto key = flags.keys_in_config.find(setting.flag);
    return key == flags.keys_in_config.end() ? fmt::format("--{}", setting.flag)
                                             : fmt::format("{} in {}", key->second, flags.config.string());
  });
}

void take_flags(const TrainFlags& flags, RunSettings& settings) {
  const int epochs = flags.given.contains("epochs") ? flags.settings.epochs : settings.epochs;
  const RunSettings asked = recipe_settings(flags.recipe, epochs, flags.settings, flags.given);
  const RunSettings original = recipe_settings("original", epochs);
  const RunSettings tuned = recipe_settings("tuned", epochs);
  for (const Setting& setting : run_settings()) {
    const bool of_recipe = flags.recipe_given && text_of(setting, original) != text_of(setting, tuned);
    if (flags.given.contains(setting.flag) || of_recipe) {
      set_from_text(setting, settings, text_of(setting, asked));
    }
  }
}

void check_folder_flags(const TrainFlags& flags) {
  if (!flags.folder.empty() && !flags.folder_name.empty() && flags.folder != flags.folder_name) {
    throw UsageError(fmt::format("two data folders are named, {} and --folder-name {}: name one",
                                 flags.folder, flags.folder_name));
  }
}

ResumeMode take_resume(const CLI::App& command, TrainFlags& flags) {
  if (command.count("--resume") == 0) return ResumeMode::no;
  // For an option without a value CLI11 stores an empty text, a later version "true".
  if (flags.resume.empty() || flags.resume == "true") return ResumeMode::yes;
  if (flags.resume == "auto") return ResumeMode::if_possible;
  // bart train --resume FOLDER
  if (!named_folder(flags).empty()) {
    throw UsageError(fmt::format("--resume is followed by {}: it takes auto, or nothing", flags.resume));
  }
  flags.folder = flags.resume;
  return ResumeMode::yes;
}

fs::path named_folder(const TrainFlags& flags) {
  return flags.folder.empty() ? flags.folder_name : flags.folder;
}

}  // namespace bart
