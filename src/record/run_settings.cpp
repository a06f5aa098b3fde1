#include "bart/record/run_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <type_traits>

#include "bart/platform/error.h"
#include "bart/platform/printable.h"

namespace bart {
namespace {

/// `sentence` with each "{flag}" replaced by name(setting).
template <typename Name>
std::string with_names(std::string sentence, const Name& name) {
  for (const Setting& setting : run_settings()) {
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
    throw Error(fmt::format("there is no recipe {}", printable(recipe)));
  }
  settings.epochs = epochs.value_or(recipe == "tuned" ? 25 : settings.epochs);
  if (recipe == "original") return settings;
  settings.learning_rate = 0.002;
  settings.schedule = "cosine";
  // 2 of 25 epochs. With the full rate too soon, a short training learns little.
  const double epochs_in_all = std::max(settings.epochs, 0);
  settings.warm_up = std::max(2 * epochs_in_all / 25, std::min(2.0, 2 * epochs_in_all / 5));
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
  settings.calibrate = "temperature";
  settings.init_values = "he";
  return settings;
}

RunSettings recipe_settings(std::string_view recipe, std::optional<int> epochs, const RunSettings& values,
                            const std::set<std::string>& given) {
  RunSettings settings = recipe_settings(recipe, epochs);
  for (const std::string& flag : given) {
    set_from_text(run_setting(flag), settings, text_of(run_setting(flag), values));
  }
  if (settings.schedule == "one-cycle" && !given.contains("warm-up")) settings.warm_up = 0;
  if (settings.optimizer == "adam" && !given.contains("weight-decay")) settings.weight_decay = 0;
  return settings;
}

std::uint32_t seed_of_split(const RunSettings& settings) {
  return static_cast<std::uint32_t>(settings.split_seed < 0 ? settings.seed : settings.split_seed);
}

const Setting& run_setting(std::string_view flag) {
  const auto found = std::ranges::find(run_settings(), flag, &Setting::flag);
  if (found == run_settings().end()) throw Error(fmt::format("there is no setting {}", printable(flag)));
  return *found;
}

std::string text_of(const Setting& setting, const RunSettings& settings) {
  return std::visit([&](auto member) { return fmt::format("{}", settings.*member); }, setting.value);
}

std::string shown_text(const Setting& setting, const RunSettings& settings) {
  std::string text = text_of(setting, settings);
  if (std::string_view(setting.flag) == "split-seed") return std::to_string(seed_of_split(settings));
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
  return named_by([](const Setting& setting) { return fmt::format("--{}", setting.flag); });
}

std::string SettingError::named_by(const std::function<std::string(const Setting&)>& name) const {
  return with_names(sentence_, name);
}

namespace {

void check(const Setting& setting, const RunSettings& settings) {
  const std::string value = text_of(setting, settings);
  const auto& choices = setting.choices;
  const bool none = value.empty() && setting.nothing != nullptr;
  if (!choices.empty() && !none && std::ranges::find(choices, value) == choices.end()) {
    throw SettingError(
        fmt::format("{{{}}} must be one of {}, not \"{}\"", setting.flag, fmt::join(choices, ", "), value));
  }
  if (setting.wrong == nullptr) return;
  if (const std::string wrong = setting.wrong(settings); !wrong.empty()) {
    throw SettingError(fmt::format("{{{}}} {}, not {}", setting.flag, wrong, value.empty() ? "\"\"" : value));
  }
}

}  // namespace

void check(const RunSettings& settings) {
  for (const Setting& setting : run_settings()) check(setting, settings);
}

void check(const RunSettings& settings, std::initializer_list<std::string_view> flags) {
  for (const std::string_view flag : flags) check(run_setting(flag), settings);
}

}  // namespace bart
