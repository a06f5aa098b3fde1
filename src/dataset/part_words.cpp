#include "part_words.h"

#include <algorithm>
#include <array>

#include "bart/dataset/class_names.h"

namespace bart {
namespace {

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

}  // namespace

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  char before = ' ';
  for (const char c : name) {
    if (is_upper(c) || is_lower(c)) {
      const bool goes_on = is_lower(before) || is_upper(before);
      if (!goes_on || (is_upper(c) && is_lower(before))) words.emplace_back();
      words.back() += c;
    }
    before = c;
  }
  for (std::string& word : words) word = folded(word);
  return words;
}

Part part_resembled(std::string_view value) {
  const bool only_words = std::ranges::all_of(value, [](char c) {
    return is_upper(c) || is_lower(c) || c == '_' || c == '-' || c == ' ' || (c >= '0' && c <= '9');
  });
  std::vector<std::string> words = words_of(value);
  if (!only_words || words.size() > 3) return Part::none;  // a description
  for (std::string& word : words) {
    if (word.size() > 3 && word.ends_with("set")) word.resize(word.size() - 3);
    if (word == "dev" || word == "eval") return Part::validation;
    if (word == "holdout") return Part::test;
    if (part_named(word) != Part::none) return part_named(word);
  }
  return Part::none;
}

bool is_named_unlabelled(std::string_view name) {
  constexpr std::array<std::string_view, 18> known = {
      "pred",       "predict",   "predicted",    "prediction", "unlabel", "unlabeled",
      "unlabelled", "nolabel",   "unsup",        "sample",     "example", "demo",
      "submission", "inference", "unsupervised", "query",      "gallery", "extra"};
  std::vector<std::string> words = words_of(name);
  return std::ranges::any_of(words, [&](std::string& word) {
    if (word.ends_with("s")) word.pop_back();
    return std::ranges::find(known, word) != known.end();
  });
}

}  // namespace bart
