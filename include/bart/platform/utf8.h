#pragma once

#include <string>
#include <string_view>

namespace bart {

/// Removes the first code point from `text`, which must not be empty, and returns it. A byte that belongs to
/// no UTF-8 sequence (RFC 3629) gives the lone surrogate U+DC80 + (byte - 0x80), as Python's
/// "surrogateescape" does for names of files.
char32_t next_code_point(std::string_view& text);

/// Whether next_code_point() returns this for a byte that is not valid UTF-8.
constexpr bool is_stray_byte(char32_t code_point) {
  return code_point >= 0xDC80 && code_point <= 0xDCFF;
}

/// Appends the code point as UTF-8; a surrogate from U+DC80 to U+DCFF becomes its byte again. Returns false
/// and appends nothing for other surrogates and for numbers above U+10FFFF.
bool append_code_point(std::string& text, char32_t code_point);

}  // namespace bart
