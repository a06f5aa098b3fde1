#pragma once

#include <string>
#include <string_view>

namespace bart {

/// Takes the first code point off `text`, which must not be empty. A byte that belongs to no UTF-8 sequence
/// (RFC 3629) gives the lone surrogate U+DC80 + (byte - 0x80), with which Python's "surrogateescape" names
/// files.
char32_t next_code_point(std::string_view& text);

/// Whether next_code_point gives this for a byte that is no UTF-8.
constexpr bool is_stray_byte(char32_t code_point) {
  return code_point >= 0xDC80 && code_point <= 0xDCFF;
}

/// Appends the code point as UTF-8; a surrogate U+DC80 to U+DCFF gives back its byte. Others that are no
/// scalar values (surrogates, above U+10FFFF) are refused: returns false and appends nothing.
bool append_code_point(std::string& text, char32_t code_point);

}  // namespace bart
