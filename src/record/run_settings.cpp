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
std::string share(const RunSettings& settings) {
  const double value = settings.*member;
  return value > 0 && value < 1 ? "" : "must be between 0 and 1";
}

template <auto member>
std::string at_least_0(const RunSettings& settings) {
  return settings.*member >= 0 ? "" : "must be at least 0";
}

template <auto member>
std::string at_least_1_or_0(const RunSettings& settings) {
  return settings.*member >= 0 ? "" : "must be at least 1, or 0";
}

const std::vector<Setting>& table() {
  using S = RunSettings;
  static const std::vector<Setting> rows = {
      {"bs",
       "batch_size",
       "Batch size",
       &S::batch_size,
       Effect::result,
       "Batch size",
       {},
       [](const S& s) -> std::string { return s.batch_size >= 1 ? "" : "must be at least 1"; }},
      {"lr",
       "learning_rate",
       "Learning rate",
       &S::learning_rate,
       Effect::result,
       "Learning rate of Adam",
       {},
       [](const S& s) -> std::string {
         return s.learning_rate > 0 && std::isfinite(s.learning_rate) ? "" : "must be above 0";
       }},
      {"epochs",
       "epochs",
       "Epochs",
       &S::epochs,
       Effect::course,
       "Passes over the training set; 0 saves the initial weights",
       {},
       at_least_0<&S::epochs>},
      {"max-steps",
       "max_steps",
       "Step limit",
       &S::max_steps,
       Effect::course,
       "Stop after this many optimizer steps, and save; 0 means no limit",
       {},
       at_least_1_or_0<&S::max_steps>,
       "none"},
      {"seed",
       "seed",
       "Seed",
       &S::seed,
       Effect::result,
       "Seed of the split, weights, batches and dropout",
       {},
       [](const S& s) -> std::string {
         return s.seed >= 0 && s.seed <= 0xFFFFFFFFLL ? "" : "must be from 0 to 4294967295";
       }},
      {"test-size",
       "test_size",
       "Test share",
       &S::test_size,
       Effect::result,
       "Share of the pictures that are kept for testing",
       {},
       share<&S::test_size>},
      {"split",
       "split",
       "Split",
       &S::split,
       Effect::result,
       "How the test pictures are chosen: original (at random), stratified (the same share of every class), "
       "grouped (near duplicates stay on one side)",
       {"original", "stratified", "grouped"}},
      {"image-size",
       "image_size",
       "Image size",
       &S::image_size,
       Effect::result,
       "Side in pixels that pictures are resized to, a multiple of 16",
       {},
       [](const S& s) -> std::string {
         return s.image_size >= 16 && s.image_size % 16 == 0 && s.image_size <= 2048
                    ? ""
                    : "must be a multiple of 16 from 16 to 2048";
       }},
      {"validation-size",
       "validation_size",
       "Validation share",
       &S::validation_size,
       Effect::result,
       "Share of the remaining pictures that are kept for validation; the test pictures are then looked at "
       "once, at the end. 0 means validation on the test pictures, as the original does",
       {},
       [](const S& s) -> std::string {
         return s.validation_size >= 0 && s.validation_size < 1 ? "" : "must be between 0 and 1";
       },
       "none"},
      {"best",
       "best",
       "Best model by",
       &S::best,
       Effect::result,
       "Also write BART-10M.best.pth, the model of the epoch with the best validation accuracy or macro F1",
       {"accuracy", "macro-f1"},
       nullptr,
       "not kept"},
      {"patience",
       "patience",
       "Patience",
       &S::patience,
       Effect::course,
       "Stop when this many epochs in a row are no better (by --best, or accuracy); 0 means never",
       {},
       at_least_1_or_0<&S::patience>,
       "none"},
      {"class-weights",
       "class_weights",
       "Class weights",
       &S::class_weights,
       Effect::result,
       "none, or balanced: pictures of rare classes count for more in the loss",
       {"none", "balanced"}},
      {"clip-norm",
       "clip_norm",
       "Gradient clipping",
       &S::clip_norm,
       Effect::result,
       "Scale the gradients down to this norm where theirs is larger; 0 means never",
       {},
       [](const S& s) -> std::string {
         return s.clip_norm >= 0 && std::isfinite(s.clip_norm) ? "" : "must be above 0, or 0";
       },
       "none"},
      {"init",
       "init",
       "Initial model",
       &S::init,
       Effect::result,
       "Begin with the weights of this model; its last layer is taken only where it has the same classes",
       {},
       nullptr,
       "none"},
      {"out", "out", "Results", &S::out, Effect::output, "Folder that the results are written to"},
      {"checkpoint-minutes",
       "checkpoint_minutes",
       "Minutes between checkpoints",
       &S::checkpoint_minutes,
       Effect::course,
       "Save a checkpoint this often, and after each epoch",
       {},
       at_least_0<&S::checkpoint_minutes>},
      {"cache",
       "cache",
       "Cache",
       &S::cache,
       Effect::course,
       "Folder that keeps the resized pictures for the next time; any number of data sets and commands may "
       "share it",
       {},
       nullptr,
       "none"},
      {"threads",
       "threads",
       "Threads",
       &S::threads,
       Effect::course,
       "Threads; 0 means all that this process may use",
       {},
       at_least_1_or_0<&S::threads>,
       "all"},
      {"deterministic", "deterministic", "Deterministic", &S::deterministic, Effect::result,
       "Train with four threads, on up to four processors, whatever --threads says and the machine has: the "
       "same bits everywhere on one kind of processor (taskset -c 0 bart train keeps it to one)"},
      {"precision",
       "precision",
       "Precision",
       &S::precision,
       Effect::result,
       "Numbers that pictures are convolved in while training: f32, bf16, or auto (bf16 where the processor "
       "multiplies it, else f32); validation, weights and files are f32",
       {"auto", "bf16", "f32"}},
      {"exact", "exact", "Exact", &S::exact, Effect::result,
       "Round as PyTorch's float32 does, step for step: direct convolutions in f32, half as fast"},
      {"strict", "strict", "Strict", &S::strict, Effect::course,
       "Stop at the first file that cannot be read as a picture, instead of skipping it"},
      {"ignore-exif", "ignore_exif", "EXIF ignored", &S::ignore_exif, Effect::result,
       "Take pictures as stored, as the original did, not as turned by EXIF"},
      {"no-report", "no_report", "No report", &S::no_report, Effect::output,
       "Make no bart-run/report.html at the end"},
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
