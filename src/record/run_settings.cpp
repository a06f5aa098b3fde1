#include "bart/record/run_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <type_traits>

#include "bart/augment/augmentation.h"
#include "bart/record/dropout_text.h"

namespace bart {
namespace {

template <auto member>
const char* share(const RunSettings& settings) {
  return settings.*member >= 0 && settings.*member < 1 ? "" : "must be between 0 and 1";
}

template <auto member>
const char* below_1(const RunSettings& settings) {
  return settings.*member >= 0 && settings.*member < 1 ? "" : "must be at least 0 and below 1";
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
       .help = "Learning rate, at the peak of the schedule",
       .wrong =
           [](const S& s) {
             return s.learning_rate > 0 && std::isfinite(s.learning_rate) ? "" : "must be above 0";
           },
       .synonyms = "--learning-rate"},
      {.flag = "schedule",
       .name = "schedule",
       .label = "Schedule",
       .value = &S::schedule,
       .effect = Effect::result,
       .help = "How the learning rate goes: constant, cosine (down to 0), one-cycle (as PyTorch's "
               "OneCycleLR), step (a tenth after each third)",
       .choices = {"constant", "cosine", "one-cycle", "step"}},
      {.flag = "warm-up",
       .name = "warm_up",
       .label = "Warm-up",
       .value = &S::warm_up,
       .effect = Effect::result,
       .help = "Epochs in which the learning rate rises to its peak, before a schedule begins",
       .wrong = [](const S& s) -> std::string {
         if (!(s.warm_up >= 0)) return "must be at least 0";
         if (s.warm_up > 0 && s.warm_up >= s.epochs) return "must be shorter than the training";
         return s.warm_up > 0 && s.schedule == "one-cycle"
                    ? "must be 0 with the schedule one-cycle, which rises by itself"
                    : "";
       },
       .nothing = "none"},
      {.flag = "optimizer",
       .name = "optimizer",
       .label = "Optimizer",
       .value = &S::optimizer,
       .effect = Effect::result,
       .help = "adam, adamw (Adam with a weight decay of its own), sgd (with Nesterov's momentum of 0.9)",
       .choices = {"adam", "adamw", "sgd"}},
      {.flag = "beta2",
       .name = "beta2",
       .label = "Beta 2",
       .value = &S::beta2,
       .effect = Effect::result,
       .help = "How long Adam and AdamW remember squared gradients",
       .wrong = below_1<&S::beta2>},
      {.flag = "weight-decay",
       .name = "weight_decay",
       .label = "Weight decay",
       .value = &S::weight_decay,
       .effect = Effect::result,
       .help = "Decay of the weights of convolutions and linear layers, as PyTorch's AdamW and SGD have it; "
               "0 means none",
       .wrong = [](const S& s) -> std::string {
         if (!(s.weight_decay >= 0 && std::isfinite(s.weight_decay))) return "must be at least 0";
         return s.weight_decay > 0 && s.optimizer == "adam" ? "must be 0 with the optimizer adam: take adamw"
                                                            : "";
       },
       .nothing = "none"},
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
      {.flag = "logit-adjustment",
       .name = "logit_adjustment",
       .label = "Logit adjustment",
       .value = &S::logit_adjustment,
       .effect = Effect::result,
       .help = "Raise each class's logit in the loss by this times the logarithm of its share, which favours "
               "rare classes in the predictions; 0 means not",
       .wrong = [](const S& s) -> std::string {
         return s.logit_adjustment >= 0 && std::isfinite(s.logit_adjustment) ? "" : "must be at least 0";
       },
       .nothing = "none"},
      {.flag = "label-smoothing",
       .name = "label_smoothing",
       .label = "Label smoothing",
       .value = &S::label_smoothing,
       .effect = Effect::result,
       .help = "Share of each label that is spread over all classes, as in PyTorch; 0 means none",
       .wrong = below_1<&S::label_smoothing>,
       .nothing = "none"},
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
      {.flag = "dropout",
       .name = "dropout",
       .label = "Dropout",
       .value = &S::dropout,
       .effect = Effect::result,
       .help = "Dropout of each of the four blocks and of the two hidden layers",
       .wrong = [](const S& s) -> std::string {
         Architecture architecture;
         return set_dropout(s.dropout, architecture)
                    ? ""
                    : "must be six numbers from 0 to below 1, as 0.25,0.25,0.4,0.4,0.5,0.5";
       }},
      {.flag = "augment",
       .name = "augment",
       .label = "Augmentation",
       .value = &S::augment,
       .effect = Effect::result,
       .help = "How pictures are changed at random: none, or figures as bart recipe tuned prints them",
       .wrong = [](const S& s) -> std::string {
         try {
           augmentation_of(s.augment);
           return "";
         } catch (const Error& error) {
           return fmt::format("is not possible ({})", error.what());
         }
       }},
      {.flag = "mild-epochs",
       .name = "mild_epochs",
       .label = "Mild epochs",
       .value = &S::mild_epochs,
       .effect = Effect::result,
       .help = "The last epochs, in which pictures are only mirrored, and scaled by half as much",
       .wrong = [](const S& s) -> std::string {
         return s.mild_epochs >= 0 && (s.mild_epochs == 0 || s.mild_epochs <= s.epochs)
                    ? ""
                    : "must be from 0 to the number of epochs";
       },
       .nothing = "none"},
      {.flag = "average",
       .name = "average",
       .label = "Averaged weights",
       .value = &S::average,
       .effect = Effect::result,
       .help = "The model is a moving average that keeps this share of itself in each step, 0.999 say; the "
               "last step's weights become BART-10M.last.pth. 0 means no average",
       .wrong = below_1<&S::average>,
       .nothing = "none"},
      {.flag = "init-values",
       .name = "init_values",
       .label = "Initial values",
       .value = &S::init_values,
       .effect = Effect::result,
       .help = "Where a network's weights begin: pytorch (its defaults), he (for ReLUs, the last layer zero)",
       .choices = {"pytorch", "he"}},
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

RunSettings recipe_settings(std::string_view recipe, std::optional<int> epochs) {
  RunSettings settings;
  if (recipe != "original" && recipe != "tuned") {
    throw std::out_of_range(fmt::format("there is no recipe {}", recipe));
  }
  settings.epochs = epochs.value_or(recipe == "tuned" ? 25 : settings.epochs);
  if (recipe == "original") return settings;
  settings.learning_rate = 0.002;
  settings.schedule = "cosine";
  settings.warm_up = 0.08 * std::max(settings.epochs, 0);  // 2 of 25
  settings.optimizer = "adamw";
  settings.beta2 = 0.99;
  settings.weight_decay = 0.05;
  settings.logit_adjustment = 0.5;
  settings.label_smoothing = 0.1;
  settings.dropout = "0,0,0,0.1,0.4,0.2";
  settings.augment =
      "mirror=0.5,window=0.75..1.15,aspect=0.85..1.18,rotation=12,shear=8,shift=0.1,brightness=0.25,"
      "contrast=0.25,saturation=0.25,hue=0.02,erase=0.25";
  settings.mild_epochs = static_cast<int>(0.16 * std::max(settings.epochs, 0));  // 4 of 25
  settings.average = 0.999;
  settings.init_values = "he";
  return settings;
}

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
