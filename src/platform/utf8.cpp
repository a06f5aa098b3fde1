#include "bart/platform/utf8.h"

#include <cstddef>
#include <cstdint>

namespace bart {

char32_t next_code_point(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xc2 ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  char32_t code_point = length == 1 ? first : first & (0x7fu >> length);
  bool valid = length != 0 && text.size() >= length;
  for (std::size_t i = 1; valid && i < length; ++i) {
    valid = (byte(i) & 0xc0) == 0x80;
    code_point = code_point << 6 | (byte(i) & 0x3fu);
  }
  // Overlong forms, surrogates and numbers beyond Unicode are invalid.
  valid = valid && !(length == 3 && (code_point < 0x800 || (code_point >= 0xd800 && code_point < 0xe000))) &&
          !(length == 4 && (code_point < 0x10000 || code_point > 0x10ffff));
  text.remove_prefix(valid ? length : 1);
  return valid ? code_point : char32_t{0xdc00u + first};
}

bool append_code_point(std::string& text, char32_t code_point) {
  const auto append = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  const auto c = static_cast<std::uint32_t>(code_point);
  if (c >= 0xdc80 && c <= 0xdcff) {
    append(c - 0xdc00);
  } else if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
    return false;
  } else if (c < 0x80) {
    append(c);
  } else if (c < 0x800) {
    append(0xc0 | c >> 6);
    append(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    append(0xe0 | c >> 12);
    append(0x80 | (c >> 6 & 0x3f));
    append(0x80 | (c & 0x3f));
  } else {
    append(0xf0 | c >> 18);
    append(0x80 | (c >> 12 & 0x3f));
    append(0x80 | (c >> 6 & 0x3f));
    append(0x80 | (c & 0x3f));
  }
  return true;
}

}  // namespace bart
