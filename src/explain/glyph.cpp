#include "glyph.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "bart/platform/utf8.h"
#include "font.h"

// GNU Unifont's glyphs as Debian's package unifont installs them: lines of "code point:bitmap", both
// hexadecimal, in the order of the code points (https://unifoundry.com/unifont). The file becomes part of the
// library, so that a picture looks the same on every computer.
asm(R"(
  .section .rodata
  .global bart_unifont
  .global bart_unifont_end
bart_unifont:
  .incbin ")" BART_UNIFONT R"("
bart_unifont_end:
  .byte 0
  .text
)");
extern "C" const char bart_unifont[];
extern "C" const char bart_unifont_end[];

namespace bart {
namespace {

/// The 16 bits of four hexadecimal digits, or the 8 bits of two in the upper half.
std::uint16_t bits_of(std::string_view digits) {
  unsigned value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return static_cast<std::uint16_t>(digits.size() == 2 ? value << 8 : value);
}

std::optional<Glyph> latin_glyph(char32_t point) {
  std::size_t index = 0;
  if (point >= 0x20 && point <= 0x7E) {
    index = point - 0x20;
  } else if (point >= 0xA0 && point <= 0xFF) {
    index = point - 0xA0 + 95;
  } else {
    return std::nullopt;
  }
  Glyph glyph{.width = glyph_width, .height = glyph_height, .ascent = 11};
  for (std::size_t row = 0; row < glyph_height; ++row) {
    glyph.rows[row] =
        static_cast<std::uint16_t>((glyphs[index * glyph_height + row] - '0') << (16 - glyph_width));
  }
  return glyph;
}

/// The digits of the bitmap of a code point: 32 for a glyph 8 pixels wide, 64 for one of 16. Empty if there
/// is none.
std::string_view unifont_bitmap(char32_t point) {
  const std::string_view font(bart_unifont, static_cast<std::size_t>(bart_unifont_end - bart_unifont));
  const std::string wanted = fmt::format("{:04X}", static_cast<std::uint32_t>(point));
  std::size_t low = 0, high = font.size();  // each at the beginning of a line or at the end
  while (low < high) {
    const std::size_t newline = font.rfind('\n', low + (high - low) / 2);
    const std::size_t line = newline == std::string_view::npos || newline < low ? low : newline + 1;
    const std::size_t end = std::min(font.find('\n', line), font.size());
    const std::string_view entry = font.substr(line, end - line);
    if (entry.substr(0, 4) == wanted) return entry.size() > 5 ? entry.substr(5) : std::string_view();
    if (entry.substr(0, 4) < wanted) {
      low = end + 1;
    } else {
      high = line;
    }
  }
  return {};
}

std::optional<Glyph> unifont_glyph(char32_t point) {
  if (point > 0xFFFF) return std::nullopt;
  const std::string_view bitmap = unifont_bitmap(point);
  if (bitmap.size() != 32 && bitmap.size() != 64) return std::nullopt;
  const std::size_t digits = bitmap.size() / max_glyph_height;
  Glyph glyph{.width = static_cast<int>(4 * digits), .height = max_glyph_height, .ascent = 14};
  for (std::size_t row = 0; row < max_glyph_height; ++row) {
    glyph.rows[row] = bits_of(bitmap.substr(row * digits, digits));
  }
  return glyph;
}

}  // namespace

std::vector<Glyph> glyphs_of(std::string_view utf8) {
  std::vector<Glyph> drawn;
  while (!utf8.empty()) {
    char32_t point = next_code_point(utf8);
    if (is_stray_byte(point)) point = U'?';
    std::optional<Glyph> glyph = latin_glyph(point);
    if (!glyph) glyph = unifont_glyph(point);
    if (glyph) {
      drawn.push_back(*glyph);
      continue;
    }
    for (const char c : fmt::format("U+{:04X}", static_cast<std::uint32_t>(point))) {
      drawn.push_back(*latin_glyph(static_cast<unsigned char>(c)));
    }
  }
  return drawn;
}

}  // namespace bart
