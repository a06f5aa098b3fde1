#include "bart/platform/printable.h"

#include <algorithm>
#include <array>

#include "bart/platform/utf8.h"

namespace bart {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// The characters that change the direction of the text around them (Unicode's Bidi_Control), and those that
/// end a line: a name may not move the text beside it.
constexpr std::array<std::string_view, 14> moving_characters = {
    "\u061C", "\u200E", "\u200F", "\u2028", "\u2029", "\u202A", "\u202B",
    "\u202C", "\u202D", "\u202E", "\u2066", "\u2067", "\u2068", "\u2069"};

/// Whether `character`, in UTF-8, does something to a terminal or to the text around it.
bool acts(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;          // C0
  if (character.size() == 2 && byte(0) == 0xC2 && byte(1) < 0xA0) return true;  // C1
  return std::ranges::find(moving_characters, character) != moving_characters.end();
}

}  // namespace

std::string printable(std::string_view text, std::size_t longest) {
  const bool cut = text.size() > longest;
  text = text.substr(0, longest);
  std::string result;
  while (!text.empty()) {
    const std::string_view before = text;
    const bool valid = !is_stray_byte(next_code_point(text));
    const std::string_view character = before.substr(0, before.size() - text.size());
    result += valid && !acts(character) ? character : replacement;
  }
  return cut ? result + "..." : result;
}

std::string printable_line(std::string_view sentence) {
  // The end says what to do.
  constexpr std::size_t first = 6000, last = 2000;
  if (sentence.size() <= first + last) return printable(sentence);
  const std::size_t from = sentence.size() - last;
  // A character is not cut: its second and later bytes are 10xxxxxx.
  const auto begins = [&](std::size_t at) {
    return (static_cast<unsigned char>(sentence[at]) & 0xC0) != 0x80;
  };
  std::size_t left = first, right = from;
  while (left > first - 3 && !begins(left)) --left;
  while (right < from + 3 && !begins(right)) ++right;
  return printable(sentence.substr(0, left)) + " ... " + printable(sentence.substr(right));
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace bart
