#include "candidate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

#include "bart/augment/augmentation.h"
#include "bart/random/philox.h"

namespace bart {
namespace {

/// The key beside the seed: candidates share no random numbers with a training.
constexpr std::uint32_t tune_stream = 0x74756e65;

/// With the fewest digits that tell values apart which differ by a few percent.
double rounded(double value) {
  return std::strtod(fmt::format("{:.2g}", value).c_str(), nullptr);
}

/// A number from 1/4 to 4, evenly spread on a logarithmic axis.
double factor_of_rate(double random) {
  return std::pow(4, 2 * random - 1);
}

/// A number from 0.25 to 1.5, in steps of 0.05.
double strength_of(double random) {
  return std::round((0.25 + 1.25 * random) * 20) / 20;
}

double one_of(double random, std::initializer_list<double> values) {
  return values.begin()[std::min(values.size() - 1,
                                 static_cast<std::size_t>(random * static_cast<double>(values.size())))];
}

double thousandths(double value) {
  return std::round(value * 1000) / 1000;
}

/// All figures are `strength` times as far from those that change nothing. A mirrored picture is as good as
/// the other, so that its probability stays.
Augmentation scaled(const Augmentation& from, double strength) {
  const auto figure = [&](double value) { return thousandths(value * strength); };
  const auto range = [&](const Range& value) {
    return Range{thousandths(1 + (value.low - 1) * strength), thousandths(1 + (value.high - 1) * strength)};
  };
  Augmentation to = from;
  to.window = range(from.window);
  to.aspect = range(from.aspect);
  for (double Augmentation::*member :
       {&Augmentation::rotation, &Augmentation::shear, &Augmentation::shift, &Augmentation::brightness,
        &Augmentation::contrast, &Augmentation::saturation, &Augmentation::hue, &Augmentation::erase}) {
    to.*member = figure(from.*member);
  }
  return to;
}

std::string change_rate(RunSettings& settings, double random) {
  settings.learning_rate = rounded(settings.learning_rate * factor_of_rate(random));
  return fmt::format("{}", settings.learning_rate);
}

std::string change_decay(RunSettings& settings, double random) {
  settings.weight_decay = rounded(settings.weight_decay * factor_of_rate(random));
  return fmt::format("{}", settings.weight_decay);
}

std::string change_augmentation(RunSettings& settings, double random) {
  const double strength = strength_of(random);
  settings.augment = augmentation_text(scaled(augmentation_of(settings.augment), strength));
  return fmt::format("x{}", strength);
}

std::string change_dropout(RunSettings& settings, double random) {
  const double strength = strength_of(random);
  std::string text;
  for (const char *at = settings.dropout.data(), *end = at + settings.dropout.size(); at < end;) {
    double value = 0;
    at = std::from_chars(at, end, value).ptr + 1;
    text += fmt::format("{}{}", text.empty() ? "" : ",", std::min(0.8, thousandths(value * strength)));
  }
  settings.dropout = text;
  return fmt::format("x{}", strength);
}

std::string change_smoothing(RunSettings& settings, double random) {
  settings.label_smoothing = one_of(random, {0, 0.05, 0.1, 0.2});
  return fmt::format("{}", settings.label_smoothing);
}

std::string change_adjustment(RunSettings& settings, double random) {
  settings.logit_adjustment = one_of(random, {0, 0.25, 0.5, 1});
  return fmt::format("{}", settings.logit_adjustment);
}

std::string change_size(RunSettings& settings, double random) {
  const double size = settings.image_size * one_of(random, {0.75, 1, 1.25});
  settings.image_size = std::clamp(16 * static_cast<int>(std::lround(size / 16)), 16, 2048);
  return fmt::format("{}", settings.image_size);
}

/// A setting that is tried. What the recipe does without stays out.
struct Knob {
  const char* flag;
  std::string (*change)(RunSettings&, double random);  // returns the value for people
  bool strength = false;                               // shown as a multiple of the recipe's
  std::string nothing = "0";                           // the value with which the recipe does without it
};

const std::array<Knob, 7> knobs = {{{"lr", change_rate},
                                    {"weight-decay", change_decay},
                                    {"augment", change_augmentation, true, "none"},
                                    {"dropout", change_dropout, true, "0,0,0,0,0,0"},
                                    {"label-smoothing", change_smoothing},
                                    {"logit-adjustment", change_adjustment},
                                    {"image-size", change_size}}};

RunSettings base_settings(const TuneOptions& options, int epochs) {
  RunSettings settings = recipe_settings(options.recipe, epochs, options.given, options.kept);
  settings.epochs = epochs;
  return settings;
}

}  // namespace

Candidate candidate(const TuneOptions& options, std::size_t number, int epochs) {
  Candidate made{{}, base_settings(options, epochs)};
  for (std::uint32_t k = 0; k < knobs.size(); ++k) {
    const Knob& knob = knobs[k];
    const std::string text = text_of(run_setting(knob.flag), made.settings);
    if (options.kept.contains(knob.flag) || text == knob.nothing) continue;
    if (number == 0) {
      made.shown.emplace_back(knob.flag, knob.strength ? "x1" : text);
      continue;
    }
    const auto words = philox({static_cast<std::uint32_t>(number), k, 0, 0},
                              {static_cast<std::uint32_t>(made.settings.seed), tune_stream});
    made.shown.emplace_back(knob.flag, knob.change(made.settings, words[0] * 0x1p-32));
  }
  return made;
}

double relative_cost(const TuneOptions& options, std::size_t number) {
  const double size = candidate(options, number, options.epochs).settings.image_size;
  const double recipe = base_settings(options, options.epochs).image_size;
  return size * size / (recipe * recipe);
}

}  // namespace bart
