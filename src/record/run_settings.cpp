#include "bart/record/run_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <type_traits>

namespace bart {
namespace {

template <auto member>
const char* share(const RunSettings& settings) {
  return settings.*member >= 0 && settings.*member < 1 ? "" : "must be between 0 and 1";
}

template <auto member>
const char* at_least_0(const RunSettings& settings) {
  return settings.*member >= 0 ? "" : "must be at least 0";
}

template <auto member>
const char* at_least_1_or_0(const RunSettings& settings) {
  return settings.*member >= 0 ? "" : "must be at least 1, or 0";
}

const std::vector<Setting>& table() {
  using S = RunSettings;
  static const std::vector<Setting> rows = {
      {.flag = "bs",
       .name = "batch_size",
       .label = "Batch size",
       .value = &S::batch_size,
       .effect = Effect::result,
       .help = "Batch size",
       .wrong = [](const S& s) { return s.batch_size >= 1 ? "" : "must be at least 1"; },
       .synonyms = "--batch-size,--batch"},
      {.flag = "lr",
       .name = "learning_rate",
       .label = "Learning rate",
       .value = &S::learning_rate,
       .effect = Effect::result,
       .help = "Learning rate of Adam",
       .wrong =
           [](const S& s) {
             return s.learning_rate > 0 && std::isfinite(s.learning_rate) ? "" : "must be above 0";
           },
       .synonyms = "--learning-rate"},
      {.flag = "epochs",
       .name = "epochs",
       .label = "Epochs",
       .value = &S::epochs,
       .effect = Effect::course,
       .help = "Passes over the training set; 0 saves the initial weights",
       .wrong = at_least_0<&S::epochs>},
      {.flag = "max-steps",
       .name = "max_steps",
       .label = "Step limit",
       .value = &S::max_steps,
       .effect = Effect::course,
       .help = "Stop after this many optimizer steps, and save; 0 means no limit",
       .wrong = at_least_1_or_0<&S::max_steps>,
       .nothing = "none"},
      {.flag = "seed",
       .name = "seed",
       .label = "Seed",
       .value = &S::seed,
       .effect = Effect::result,
       .help = "Seed of the split, weights, batches and dropout",
       .wrong =
           [](const S& s) {
             return s.seed >= 0 && s.seed <= 0xFFFFFFFFLL ? "" : "must be from 0 to 4294967295";
           }},
      {.flag = "test-size",
       .name = "test_size",
       .label = "Test share",
       .value = &S::test_size,
       .effect = Effect::result,
       .help = "Share of the pictures that are kept for testing; 0 trains on all of them",
       .wrong = share<&S::test_size>,
       .nothing = "none"},
      {.flag = "test-folder",
       .name = "test_folder",
       .label = "Test folder",
       .value = &S::test_folder,
       .effect = Effect::course,  // the pictures must be the same, not their place
       .help =
           "Test on the pictures of this folder (one sub-folder per class) instead of a share of the data",
       .nothing = "none"},
      {.flag = "split",
       .name = "split",
       .label = "Split",
       .value = &S::split,
       .effect = Effect::result,
       .help = "How the test pictures are chosen: original (at random), stratified (the same share of every "
               "class), grouped (near duplicates stay on one side)",
       .choices = {"original", "stratified", "grouped"}},
      {.flag = "image-size",
       .name = "image_size",
       .label = "Image size",
       .value = &S::image_size,
       .effect = Effect::result,
       .help = "Side in pixels that pictures are resized to, a multiple of 16",
       .wrong =
           [](const S& s) {
             return s.image_size >= 16 && s.image_size % 16 == 0 && s.image_size <= 2048
                        ? ""
                        : "must be a multiple of 16 from 16 to 2048";
           },
       .synonyms = "--imgsz"},
      {.flag = "validation-size",
       .name = "validation_size",
       .label = "Validation share",
       .value = &S::validation_size,
       .effect = Effect::result,
       .help = "Share of the remaining pictures that are kept for validation; the test pictures are then "
               "looked at once, at the end. 0 means validation on the test pictures, as the original does",
       .wrong = share<&S::validation_size>,
       .nothing = "none"},
      {.flag = "validation-folder",
       .name = "validation_folder",
       .label = "Validation folder",
       .value = &S::validation_folder,
       .effect = Effect::course,  // as of the test folder
       .help = "Validate on the pictures of this folder (one sub-folder per class)",
       .nothing = "none"},
      {.flag = "best",
       .name = "best",
       .label = "Best model by",
       .value = &S::best,
       .effect = Effect::result,
       .help = "Also write BART-10M.best.pth, the model of the epoch with the best validation accuracy or "
               "macro F1",
       .choices = {"accuracy", "macro-f1"},
       .nothing = "not kept"},
      {.flag = "patience",
       .name = "patience",
       .label = "Patience",
       .value = &S::patience,
       .effect = Effect::course,
       .help = "Stop when this many epochs in a row are no better (by --best, or accuracy); 0 means never",
       .wrong = at_least_1_or_0<&S::patience>,
       .nothing = "none"},
      {.flag = "class-weights",
       .name = "class_weights",
       .label = "Class weights",
       .value = &S::class_weights,
       .effect = Effect::result,
       .help = "none, or balanced: pictures of rare classes count for more in the loss",
       .choices = {"none", "balanced"}},
      {.flag = "clip-norm",
       .name = "clip_norm",
       .label = "Gradient clipping",
       .value = &S::clip_norm,
       .effect = Effect::result,
       .help = "Scale the gradients down to this norm where theirs is larger; 0 means never",
       .wrong =
           [](const S& s) {
             return s.clip_norm >= 0 && std::isfinite(s.clip_norm) ? "" : "must be above 0, or 0";
           },
       .nothing = "none"},
      {.flag = "init",
       .name = "init",
       .label = "Initial model",
       .value = &S::init,
       .effect = Effect::result,
       .help = "Begin with the weights of this model; its last layer is taken only where it has the same "
               "classes",
       .nothing = "none"},
      {.flag = "out",
       .name = "out",
       .label = "Results",
       .value = &S::out,
       .effect = Effect::output,
       .help = "Folder that the results are written to"},
      {.flag = "checkpoint-minutes",
       .name = "checkpoint_minutes",
       .label = "Minutes between checkpoints",
       .value = &S::checkpoint_minutes,
       .effect = Effect::course,
       .help = "Save a checkpoint this often, and after each epoch",
       .wrong = at_least_0<&S::checkpoint_minutes>},
      {.flag = "cache",
       .name = "cache",
       .label = "Cache",
       .value = &S::cache,
       .effect = Effect::course,
       .help = "Folder that keeps the resized pictures for the next time; any number of data sets and "
               "commands may share it",
       .nothing = "none"},
      {.flag = "threads",
       .name = "threads",
       .label = "Threads",
       .value = &S::threads,
       .effect = Effect::course,
       .help = "Threads; 0 means all that this process may use",
       .wrong = at_least_1_or_0<&S::threads>,
       .nothing = "all"},
      {.flag = "deterministic",
       .name = "deterministic",
       .label = "Deterministic",
       .value = &S::deterministic,
       .effect = Effect::result,
       .help = "Train with four threads, on up to four processors, whatever --threads says and the machine "
               "has: the same bits everywhere on one kind of processor (taskset -c 0 bart train keeps it to "
               "one)"},
      {.flag = "precision",
       .name = "precision",
       .label = "Precision",
       .value = &S::precision,
       .effect = Effect::result,
       .help = "Numbers that pictures are convolved in while training: f32, bf16, or auto (bf16 where the "
               "processor multiplies it, else f32); validation, weights and files are f32",
       .choices = {"auto", "bf16", "f32"}},
      {.flag = "exact",
       .name = "exact",
       .label = "Exact",
       .value = &S::exact,
       .effect = Effect::result,
       .help = "Round as PyTorch's float32 does, step for step: direct convolutions in f32, half as fast"},
      {.flag = "strict",
       .name = "strict",
       .label = "Strict",
       .value = &S::strict,
       .effect = Effect::course,
       .help = "Stop at the first file that cannot be read as a picture, instead of skipping it"},
      {.flag = "ignore-exif",
       .name = "ignore_exif",
       .label = "EXIF ignored",
       .value = &S::ignore_exif,
       .effect = Effect::result,
       .help = "Take pictures as stored, as the original did, not as turned by EXIF"},
      {.flag = "no-report",
       .name = "no_report",
       .label = "No report",
       .value = &S::no_report,
       .effect = Effect::output,
       .help = "Make no bart-run/report.html at the end"},
  };
  return rows;
}

/// `sentence` with what `name` says in place of each "{flag}".
template <typename Name>
std::string with_names(std::string sentence, const Name& name) {
  for (const Setting& setting : table()) {
    const std::string place = fmt::format("{{{}}}", setting.flag);
    for (std::size_t at = 0; (at = sentence.find(place, at)) != std::string::npos;) {
      sentence.replace(at, place.size(), name(setting));
    }
  }
  return sentence;
}

template <typename Value>
bool parse(std::string_view text, Value& value) {
  if constexpr (std::is_same_v<Value, std::string>) {
    value = text;
    return true;
  } else if constexpr (std::is_same_v<Value, bool>) {
    if (text != "true" && text != "false") return false;
    value = text == "true";
    return true;
  } else {
    Value parsed{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (error != std::errc() || end != text.data() + text.size()) return false;
    value = parsed;
    return true;
  }
}

}  // namespace

std::span<const Setting> run_settings() {
  return table();
}

const Setting& run_setting(std::string_view flag) {
  const auto found = std::ranges::find(table(), flag, &Setting::flag);
  if (found == table().end()) throw std::out_of_range(fmt::format("there is no setting {}", flag));
  return *found;
}

std::string text_of(const Setting& setting, const RunSettings& settings) {
  return std::visit([&](auto member) { return fmt::format("{}", settings.*member); }, setting.value);
}

std::string shown_text(const Setting& setting, const RunSettings& settings) {
  std::string text = text_of(setting, settings);
  if (std::holds_alternative<bool RunSettings::*>(setting.value)) return text == "true" ? "yes" : "no";
  return setting.nothing != nullptr && (text.empty() || text == "0") ? setting.nothing : text;
}

bool set_from_text(const Setting& setting, RunSettings& settings, std::string_view text) {
  return std::visit([&](auto member) { return parse(text, settings.*member); }, setting.value);
}

SettingError::SettingError(std::string sentence, bool usage)
    : Error(with_names(sentence, [](const Setting& setting) { return std::string(setting.name); })),
      sentence_(std::move(sentence)),
      usage_(usage) {}

std::string SettingError::with_flags() const {
  return with_names(sentence_, [](const Setting& setting) { return fmt::format("--{}", setting.flag); });
}

void check(const RunSettings& settings) {
  for (const Setting& setting : table()) {
    const std::string value = text_of(setting, settings);
    const auto& choices = setting.choices;
    const bool none = value.empty() && setting.nothing != nullptr;
    if (!choices.empty() && !none && std::ranges::find(choices, value) == choices.end()) {
      throw SettingError(
          fmt::format("{{{}}} must be one of {}, not \"{}\"", setting.flag, fmt::join(choices, ", "), value));
    }
    if (setting.wrong == nullptr) continue;
    if (const std::string wrong = setting.wrong(settings); !wrong.empty()) {
      throw SettingError(fmt::format("{{{}}} {}, not {}", setting.flag, wrong, value));
    }
  }
}

}  // namespace bart
