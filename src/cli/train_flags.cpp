#include "train_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <functional>
#include <sstream>
#include <utility>
#include <vector>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "cache_text.h"
#include "precision.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// A flag that a checkpoint keeps.
struct Setting {
  std::string flag;
  bool decides;  // whether another value would give another result
  std::function<std::string()> text;
  std::function<bool(const std::string&)> parse;
};

template <typename Value>
Setting setting(std::string flag, bool decides, Value& value) {
  return {std::move(flag), decides, [&value] { return fmt::format("{}", value); },
          [&value](const std::string& text) { return CLI::detail::lexical_cast(text, value); }};
}

std::vector<Setting> settings_in(TrainFlags& flags) {
  return {setting("--bs", true, flags.options.batch_size), setting("--lr", true, flags.options.learning_rate),
          setting("--seed", true, flags.seed), setting("--test-size", true, flags.test_size),
          setting("--split", true, flags.split), setting("--image-size", true, flags.image_size),
          setting("--ignore-exif", true, flags.ignore_exif),
          setting("--validation-size", true, flags.validation_size), setting("--best", true, flags.best),
          setting("--class-weights", true, flags.class_weights),
          setting("--clip-norm", true, flags.options.clip_norm),
          setting("--deterministic", true, flags.deterministic),
          setting("--precision", true, flags.precision), setting("--exact", true, flags.options.exact),
          setting("--init", true, flags.init),
          // A training may go on for longer, in less of a hurry, elsewhere.
          setting("--epochs", false, flags.options.epochs), setting("--max-steps", false, flags.max_steps),
          setting("--patience", false, flags.patience), setting("--strict", false, flags.strict),
          setting("--checkpoint-minutes", false, flags.checkpoint_minutes),
          setting("--threads", false, flags.threads), setting("--cache", false, flags.cache)};
}

constexpr const char* folder_setting = "folder";

void require(bool right, const std::string& sentence) {
  if (!right) throw UsageError(sentence);
}

}  // namespace

void add_train_flags(CLI::App& command, TrainFlags& flags) {
  command.add_option("folder", flags.folder, "The data: one sub-folder a class (default characters_train)");
  command.add_option("--folder-name", flags.folder_name, "The same, as a flag");
  command.add_option("--bs", flags.options.batch_size, "Batch size")->capture_default_str();
  command.add_option("--lr", flags.options.learning_rate, "Learning rate of Adam")->capture_default_str();
  command
      .add_option("--epochs", flags.options.epochs,
                  "Passes over the training set; 0 saves the initial weights")
      ->capture_default_str();
  command.add_option("--max-steps", flags.max_steps, "Stop after so many optimizer steps, and save");
  command.add_option("--seed", flags.seed, "Seed of the split, weights, batches and dropout")
      ->capture_default_str();
  command.add_option("--test-size", flags.test_size, "Share of the pictures that are kept for testing")
      ->capture_default_str();
  command
      .add_option(
          "--split", flags.split,
          "How pictures are kept for testing: original (at random), stratified (as many of each class "
          "as its share), grouped (near duplicates stay on one side)")
      ->check(CLI::IsMember({"original", "stratified", "grouped"}))
      ->capture_default_str();
  command.add_option("--image-size", flags.image_size, "Side that pictures are resized to, a multiple of 16")
      ->capture_default_str();
  command.add_option(
      "--validation-size", flags.validation_size,
      "Share of the other pictures that are kept for validation; the test pictures are then "
      "looked at once, at the end (default 0: validation on the test pictures, as the original "
      "does)");
  command
      .add_option(
          "--best", flags.best,
          "Also write BART-10M.best.pth, the model of the epoch that is best in validation by accuracy "
          "or macro-f1")
      ->check(CLI::IsMember({"accuracy", "macro-f1"}));
  command.add_option("--patience", flags.patience,
                     "Stop when so many epochs in a row are no better (by --best, or accuracy)");
  command
      .add_option("--class-weights", flags.class_weights,
                  "none, or balanced: pictures of rare classes count for more in the loss")
      ->check(CLI::IsMember({"none", "balanced"}))
      ->capture_default_str();
  command.add_option("--clip-norm", flags.options.clip_norm,
                     "Scale gradients down to this norm where theirs is larger");
  command.add_option(
      "--init", flags.init,
      "Begin with the weights of this model; its last layer only where it has the same classes");
  command.add_option("--out", flags.out, "Folder that the results are written to")->capture_default_str();
  command.add_flag("--resume", flags.resume,
                   "Go on with the training in --out from its newest checkpoint, with the flags it had");
  command
      .add_option("--checkpoint-minutes", flags.checkpoint_minutes,
                  "Save a checkpoint this often, and after each epoch")
      ->capture_default_str();
  command.add_option("--cache", flags.cache, cache_help);
  command.add_option("--threads", flags.threads, "Threads (default: all that this process may use)");
  command.add_flag(
      "--deterministic", flags.deterministic,
      "Train with four threads, on up to four processors, whatever --threads says and the machine has: the "
      "same bits everywhere on one kind of processor (taskset -c 0 bart train keeps it to one)");
  add_precision_flag(
      command, flags.precision,
      "Numbers that pictures are convolved in while training: f32, bf16, or auto (bf16 where the "
      "processor multiplies it, else f32); validation, weights and files are f32");
  command.add_flag(
      "--exact", flags.options.exact,
      "Round as PyTorch's float32 does, step for step: direct convolutions in f32, half as fast");
  command.add_option(
      "--config", flags.config,
      "A file with flags, such as bart-run/run.toml of another training; the command line goes "
      "before it");
  command.add_flag("--strict", flags.strict,
                   "Stop at the first file that is no good picture, instead of skipping it");
  command.add_flag("--ignore-exif", flags.ignore_exif,
                   "Take pictures as stored, as the original did, not as turned by EXIF");
  command.add_flag("--no-report", flags.no_report, "Make no bart-run/report.html at the end");
  command.add_flag("--prefix-files", flags.prefix,
                   "Rename pic_* in the data folder to {class}_pic_* first, as the original did");
  command.footer(
      "It writes BART-10M.pth, label_encoder.joblib and inference_images/ (the test pictures), and what it "
      "did into\n"
      "bart-run/: report.html (have a look), run.json, run.toml, steps.csv, test_pictures.csv, history.csv,\n"
      "history.json, TensorBoard's event file (tensorboard --logdir bart-run), and its last two "
      "checkpoints.\n"
      "The data folder is only read. The pixels of data sets larger than a quarter of the memory lie in a "
      "file\n"
      "while it runs, in --cache or beside the results.\n"
      "Ctrl-C saves a checkpoint and ends it; so does SIGTERM.\n\n"
      "Examples:\n"
      "  bart train                                the folder characters_train, as the original does\n"
      "  bart train faces --epochs 5 --out run1    another folder, five epochs, results into run1/\n"
      "  bart train faces --max-steps 100          a quick look\n"
      "  bart train --resume --out run1            goes on where the training in run1/ was stopped");
}

void check_picture_flags(double test_size, int image_size, std::int64_t seed) {
  require(test_size > 0 && test_size < 1,
          fmt::format("--test-size must be between 0 and 1, not {}", test_size));
  require(image_size >= 16 && image_size % 16 == 0 && image_size <= 2048,
          fmt::format("--image-size must be a multiple of 16 from 16 to 2048, not {}", image_size));
  require(seed >= 0 && seed <= 0xFFFFFFFFLL,
          fmt::format("--seed must be from 0 to 4294967295, not {}", seed));
}

void check_train_flags(const TrainFlags& flags) {
  require(flags.options.batch_size >= 1,
          fmt::format("--bs must be at least 1, not {}", flags.options.batch_size));
  require(flags.options.learning_rate > 0 && std::isfinite(flags.options.learning_rate),
          fmt::format("--lr must be above 0, not {}", flags.options.learning_rate));
  require(flags.options.epochs >= 0,
          fmt::format("--epochs must be at least 0, not {}", flags.options.epochs));
  check_picture_flags(flags.test_size, flags.image_size, flags.seed);
  require(flags.max_steps >= 0, fmt::format("--max-steps must be at least 1, not {}", flags.max_steps));
  require(flags.threads >= 0, fmt::format("--threads must be at least 1, not {}", flags.threads));
  require(flags.validation_size >= 0 && flags.validation_size < 1,
          fmt::format("--validation-size must be between 0 and 1, not {}", flags.validation_size));
  require(flags.patience >= 0, fmt::format("--patience must be at least 1, not {}", flags.patience));
  require(flags.options.clip_norm >= 0,
          fmt::format("--clip-norm must be above 0, not {}", flags.options.clip_norm));
  require(flags.checkpoint_minutes >= 0,
          fmt::format("--checkpoint-minutes must be at least 0, not {}", flags.checkpoint_minutes));
  require(flags.folder.empty() || flags.folder_name.empty() || flags.folder == flags.folder_name,
          fmt::format("two data folders are named, {} and --folder-name {}: name one", flags.folder,
                      flags.folder_name));
}

void settle_precision(TrainFlags& flags) {
  require(!flags.options.exact || flags.precision != "bf16",
          "--exact trains in f32: leave --precision bf16 out");
  flags.options.precision = flags.options.exact ? Precision::f32 : precision_named(flags.precision);
  flags.precision = flags.options.precision == Precision::bf16 ? "bf16" : "f32";
}

fs::path data_folder(const TrainFlags& flags) {
  if (!flags.folder.empty()) return flags.folder;
  if (!flags.folder_name.empty()) return flags.folder_name;
  return "characters_train";
}

void take_config(CLI::App& command, const TrainFlags& flags) {
  const std::vector<std::uint8_t> bytes = read_file(flags.config);
  std::istringstream text(std::string(bytes.begin(), bytes.end()));
  try {
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(text)) {
      const std::string name = item.name == folder_setting ? item.name : "--" + item.name;
      CLI::Option* option = command.get_option_no_throw(name);
      if (!item.parents.empty() || option == nullptr || item.name == "help" || item.name == "config") {
        throw UsageError(fmt::format("{} says {}, which is no flag of bart train", flags.config.string(),
                                     item.fullname()));
      }
      if (option->count() > 0) continue;
      for (const std::string& value : item.inputs) option->add_result(value);
      option->run_callback();
    }
  } catch (const CLI::Error& error) {
    throw UsageError(fmt::format("{}: {}", flags.config.string(), error.what()));
  }
}

std::string config_of(const TrainFlags& flags) {
  std::string text = "# bart train --config run.toml\n";
  for (const auto& [name, value] : settings_of(flags)) {
    if (value.empty()) continue;
    const bool plain =
        value == "true" || value == "false" || value.find_first_not_of("0123456789.e+-") == std::string::npos;
    std::string quoted;
    for (const char c : value) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    const std::string key = name.starts_with("--") ? name.substr(2) : name;
    text += plain ? fmt::format("{} = {}\n", key, value) : fmt::format("{} = \"{}\"\n", key, quoted);
  }
  return text;
}

std::map<std::string, std::string> settings_of(const TrainFlags& flags) {
  std::map<std::string, std::string> settings{{folder_setting, fs::absolute(data_folder(flags)).string()}};
  TrainFlags values = flags;
  for (const Setting& setting : settings_in(values)) settings[setting.flag] = setting.text();
  return settings;
}

void take_settings(const CLI::App& command, const std::map<std::string, std::string>& settings,
                   TrainFlags& flags) {
  const auto kept = [&](const std::string& name) -> const std::string& {
    const auto found = settings.find(name);
    if (found == settings.end()) throw Error(fmt::format("the checkpoint does not tell {}", name));
    return found->second;
  };
  if (flags.folder.empty() && flags.folder_name.empty()) flags.folder = kept(folder_setting);
  for (const Setting& setting : settings_in(flags)) {
    if (!setting.decides && !settings.contains(setting.flag)) continue;
    const std::string& value = kept(setting.flag);
    const bool given = command.get_option(setting.flag)->count() > 0;
    if (given && setting.decides && setting.text() != value) {
      throw UsageError(
          fmt::format("{} is {}, but the training to go on with began with {}: leave the flag out, or begin "
                      "anew without --resume",
                      setting.flag, setting.text(), value));
    }
    if (!given && !setting.parse(value)) {
      throw Error(fmt::format("the checkpoint's {} is \"{}\"", setting.flag, value));
    }
  }
}

}  // namespace bart
