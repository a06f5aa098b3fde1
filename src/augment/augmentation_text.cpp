#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bart/augment/augmentation.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

struct Figure {
  const char* name;
  std::variant<double Augmentation::*, Range Augmentation::*> value;
};

constexpr Figure figures[] = {
    {"mirror", &Augmentation::mirror},         {"window", &Augmentation::window},
    {"aspect", &Augmentation::aspect},         {"rotation", &Augmentation::rotation},
    {"shear", &Augmentation::shear},           {"shift", &Augmentation::shift},
    {"brightness", &Augmentation::brightness}, {"contrast", &Augmentation::contrast},
    {"saturation", &Augmentation::saturation}, {"hue", &Augmentation::hue},
    {"erase", &Augmentation::erase},
};

constexpr std::string_view between = "..";

std::string text_of(double value) {
  return fmt::format("{}", value);
}

std::string text_of(Range range) {
  return fmt::format("{}{}{}", range.low, between, range.high);
}

bool parse(std::string_view text, double& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse(std::string_view text, Range& range) {
  const std::size_t middle = text.find(between);
  return middle != std::string_view::npos && parse(text.substr(0, middle), range.low) &&
         parse(text.substr(middle + between.size()), range.high);
}

}  // namespace

std::string augmentation_text(const Augmentation& augmentation) {
  std::vector<std::string> parts;
  for (const Figure& figure : figures) {
    std::visit(
        [&](auto member) {
          if (augmentation.*member == Augmentation().*member) return;
          parts.push_back(fmt::format("{}={}", figure.name, text_of(augmentation.*member)));
        },
        figure.value);
  }
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ","));
}

Augmentation augmentation_of(std::string_view text) {
  Augmentation augmentation;
  if (text == "none") return augmentation;
  std::vector<std::string_view> named;
  for (std::size_t at = 0; at <= text.size();) {
    const std::string_view part = text.substr(at, std::min(text.find(',', at), text.size()) - at);
    at += part.size() + 1;
    const std::string_view name = part.substr(0, part.find('='));
    const auto figure = std::ranges::find(figures, name, &Figure::name);
    if (figure == std::end(figures)) {
      std::vector<std::string_view> names;
      for (const Figure& known : figures) names.push_back(known.name);
      throw Error(
          fmt::format("an augmentation has no \"{}\": it is none, or NAME=NUMBER, separated by commas, of {}",
                      name, fmt::join(names, ", ")));
    }
    if (std::ranges::find(named, name) != named.end()) {
      throw Error(fmt::format("an augmentation has {} twice", name));
    }
    named.push_back(name);
    const bool range = std::holds_alternative<Range Augmentation::*>(figure->value);
    const bool good =
        name.size() < part.size() &&
        std::visit([&](auto member) { return parse(part.substr(name.size() + 1), augmentation.*member); },
                   figure->value);
    if (!good) {
      throw Error(fmt::format("an augmentation with \"{}\" is not understood: write {}", part,
                              range ? fmt::format("{}=0.75..1.15", name) : fmt::format("{}=0.5", name)));
    }
  }
  check_augmentation(augmentation);
  return augmentation;
}

}  // namespace bart
