#include "bart/platform/printable.h"

#include <algorithm>
#include <array>

namespace bart {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// The characters that turn the direction of the text around them (Unicode's Bidi_Control), and those that
/// end a line: a name may not move what stands beside it.
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

/// The length of the UTF-8 sequence that `text` begins with, 0 where it begins with none (RFC 3629, table in
/// section 4).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) {
    return follows(1) ? 2 : 0;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    return follows(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    return follows(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) && follows(2) && follows(3) ? 4
                                                                                                          : 0;
  }
  return 0;
}

}  // namespace

std::string printable(std::string_view text, std::size_t longest) {
  const bool cut = text.size() > longest;
  text = text.substr(0, longest);
  std::string result;
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    result += length > 0 && !acts(character) ? character : replacement;
    text.remove_prefix(character.size());
  }
  return cut ? result + "..." : result;
}

std::string printable_line(std::string_view sentence) {
  // The end says what to do.
  constexpr std::size_t first = 6000, last = 2000;
  if (sentence.size() <= first + last) return printable(sentence);
  const std::size_t from = sentence.size() - last;
  // No cut within a character: its later bytes are 10xxxxxx.
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
