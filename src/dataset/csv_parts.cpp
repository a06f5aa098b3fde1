#include "csv_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "bart/dataset/class_names.h"
#include "bart/platform/error.h"
#include "part_words.h"

namespace bart {
namespace {

/// A name in lower case without what separates its words: "isvalid" for "Is_Valid" and "is valid".
std::string joined(std::string_view name) {
  std::string text = folded(name);
  std::erase_if(text, [](char c) { return c == '_' || c == '-' || c == ' '; });
  return text;
}

/// The part that a name such as is_valid asks for; Part::none for any other name.
Part part_asked(std::string_view name) {
  const std::string text = joined(name);
  return text.starts_with("is") ? part_named(std::string_view(text).substr(2)) : Part::none;
}

/// Whether a field says yes or no; nothing if it says neither.
std::optional<bool> truth_of(const std::string& field) {
  constexpr std::array yes = {"1", "1.0", "true", "t", "yes", "y"};
  constexpr std::array no = {"0", "0.0", "false", "f", "no", "n"};
  const std::string value = folded(field);
  if (std::ranges::find(yes, value) != yes.end()) return true;
  if (std::ranges::find(no, value) != no.end()) return false;
  return std::nullopt;
}

bool is_whole_number(const std::string& value) {
  return std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether the name of a column and its values say that it may be a split: "test_set" with yes and no, "fold"
/// with anything.
bool is_named_like_split(const PossibleSplit& one) {
  constexpr std::array divisions = {"fold",  "folds",     "kfold",  "kfolds",
                                    "split", "partition", "subset", "holdout"};
  constexpr std::size_t most_numbers = 3;
  const std::vector<std::string> words = words_of(one.name);
  if (std::ranges::find_first_of(words, divisions) != words.end()) return true;
  const auto is_of_parts = [](const std::string& word) {
    return part_resembled(word) != Part::none || word == "trainval" || word == "usage";
  };
  const bool truths = std::ranges::all_of(
      one.values, [](const std::string& value) { return value.empty() || truth_of(value); });
  const bool numbers = one.values.size() <= most_numbers && std::ranges::all_of(one.values, is_whole_number);
  return (truths || numbers) && std::ranges::any_of(words, is_of_parts);
}

}  // namespace

Part flagged_by(std::string_view name) {
  const Part part = part_asked(name);
  return part == Part::train ? Part::none : part;  // is_train does not say whether the others are for testing
}

Part part_in(const std::string& field, Part flagged, std::size_t line) {
  if (field.empty()) return Part::none;
  if (flagged == Part::none) {
    const Part part = part_named(field);
    if (part != Part::none) return part;
    throw Error(fmt::format("line {}: \"{}\" is not a part of a split, which are train, validation and test",
                            line, field));
  }
  const std::optional<bool> truth = truth_of(field);
  if (truth) return *truth ? flagged : Part::train;
  throw Error(
      fmt::format("line {}: \"{}\" does not say whether the picture is for {}: write 1 or 0, or rename the "
                  "column if it is no split",
                  line, field, flagged == Part::test ? "testing" : "validation"));
}

bool is_split(const PossibleSplit& one) {
  std::set<Part> parts;
  for (const std::string& value : one.values) {
    if (one.flagged == Part::none && !value.empty() && part_named(value) == Part::none) return false;
    parts.insert(part_in(value, one.flagged, 0));
  }
  if (one.flagged != Part::none) return parts.contains(one.flagged) && parts.size() > 1;
  parts.erase(Part::none);
  return parts.size() > 1;
}

bool looks_like_split(const PossibleSplit& one) {
  const bool all_true = one.values.size() == 1 && truth_of(*one.values.begin()) == true;
  if (one.flagged != Part::none) return all_true;
  if (one.values.size() < 2) return false;
  if (part_asked(one.name) != Part::none || is_named_like_split(one)) return true;
  std::set<Part> parts;
  for (const std::string& value : one.values) parts.insert(part_resembled(value));
  if (!one.values.contains("")) parts.erase(Part::none);
  // Beside empty fields one part is enough if nothing else is named.
  const bool others = std::ranges::any_of(one.values, [](const std::string& value) {
    return !value.empty() && part_resembled(value) == Part::none;
  });
  if (others) parts.erase(Part::none);
  return parts.size() > 1;
}

}  // namespace bart
