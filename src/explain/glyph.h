#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace bart {

/// The largest glyph, in pixels.
inline constexpr int max_glyph_height = 16;
/// The height of the glyphs of Latin text.
inline constexpr int latin_glyph_height = 13;

/// A character as a bitmap.
struct Glyph {
  int width = 0;
  int height = 0;
  int ascent = 0;                                      // rows above the baseline
  std::array<std::uint16_t, max_glyph_height> rows{};  // from the top; the leftmost pixel is the highest bit

  bool at(int x, int y) const { return (rows[static_cast<std::size_t>(y)] >> (15 - x) & 1) != 0; }
};

/// The glyphs of UTF-8 text from left to right. Printable ASCII and Latin-1 are drawn in the X Consortium's
/// 6x13, all else of Unicode's Basic Multilingual Plane in GNU Unifont (8 or 16 pixels wide, 16 high). A
/// character that neither font has is spelled as "U+1F431", a broken byte as "?".
std::vector<Glyph> glyphs_of(std::string_view utf8);

}  // namespace bart
