#include "bart/explain/contact_sheet.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "bart/explain/overlay.h"
#include "bart/pictures/decode.h"
#include "bart/pictures/resize.h"
#include "bart/platform/checked.h"
#include "bart/platform/error.h"
#include "glyph.h"

namespace bart {
namespace {

using Colour = std::array<std::uint8_t, 3>;

constexpr Colour ink = {228, 232, 237};

void paint(Picture& picture, int x, int y, const Colour& colour) {
  if (x < 0 || y < 0 || x >= picture.width || y >= picture.height) return;
  const std::size_t at =
      (static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) + static_cast<std::size_t>(x)) *
      3;
  std::ranges::copy(colour, picture.pixels.begin() + static_cast<std::ptrdiff_t>(at));
}

/// The glyphs that fit into `width` pixels; if some do not, two dots stand for the rest.
std::vector<Glyph> fitting(std::vector<Glyph> text, int width) {
  int used = 0;
  std::size_t count = 0;
  while (count < text.size() && used + text[count].width <= width) used += text[count++].width;
  if (count == text.size()) return text;
  const std::vector<Glyph> dots = glyphs_of("..");
  const int room = width - dots[0].width - dots[1].width;
  while (count > 0 && used > room) used -= text[--count].width;
  text.resize(count);
  text.insert(text.end(), dots.begin(), dots.end());
  return text;
}

/// Draws a line whose highest glyph has `ascent` rows above the baseline.
void draw_text(Picture& picture, int left, int top, int ascent, int scale, std::span<const Glyph> text) {
  for (const Glyph& glyph : text) {
    const int first = top + (ascent - glyph.ascent) * scale;
    for (int y = 0; y < glyph.height * scale; ++y) {
      for (int x = 0; x < glyph.width * scale; ++x) {
        if (glyph.at(x / scale, y / scale)) paint(picture, left + x, first + y, ink);
      }
    }
    left += glyph.width * scale;
  }
}

void draw_picture(Picture& onto, int left, int top, const Picture& picture) {
  for (int y = 0; y < picture.height; ++y) {
    const auto row = static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) * 3;
    const auto to = (static_cast<std::size_t>(top + y) * static_cast<std::size_t>(onto.width) +
                     static_cast<std::size_t>(left)) *
                    3;
    std::copy_n(picture.pixels.begin() + static_cast<std::ptrdiff_t>(row), picture.width * 3,
                onto.pixels.begin() + static_cast<std::ptrdiff_t>(to));
  }
}

}  // namespace

Picture contact_sheet(std::span<const SheetTile> tiles, std::size_t columns, int side) {
  if (tiles.empty() || columns == 0 || side < 1) throw Error("a contact sheet needs pictures");
  columns = std::min(columns, tiles.size());
  const std::size_t rows = (tiles.size() + columns - 1) / columns;
  const int scale = side >= 256 ? 2 : 1;
  const int gap = 6 * scale;

  std::vector<std::vector<std::vector<Glyph>>> captions;  // of each tile: its lines
  int ascent = 0, glyph_height = latin_glyph_height;      // of the highest glyph
  for (const SheetTile& tile : tiles) {
    std::vector<std::vector<Glyph>>& lines = captions.emplace_back();
    for (const std::string& text : tile.caption) {
      lines.push_back(fitting(glyphs_of(text), side / scale));
      for (const Glyph& glyph : lines.back()) {
        ascent = std::max(ascent, glyph.ascent);
        glyph_height = std::max(glyph_height, glyph.height);
      }
    }
  }
  const int line = (glyph_height + 1) * scale;

  std::vector<Picture> fitted;
  std::vector<int> heights(rows, 0);  // of the pictures of a row
  std::vector<int> lines(rows, 0);
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    fitted.push_back(fit_picture(tiles[i].picture, side));
    heights[i / columns] = std::max(heights[i / columns], fitted.back().height);
    lines[i / columns] = std::max(lines[i / columns], static_cast<int>(tiles[i].caption.size()));
  }
  std::uint64_t height = static_cast<std::uint64_t>(gap);
  for (std::size_t r = 0; r < rows; ++r) {
    height += static_cast<std::uint64_t>(heights[r] + lines[r] * line + 2 * gap);
  }
  const std::uint64_t width =
      columns * static_cast<std::uint64_t>(side + gap) + static_cast<std::uint64_t>(gap);
  if (height > max_pixels / width) {
    throw Error("the contact sheet would have more pixels than a picture may: explain fewer at once");
  }

  Picture sheet{static_cast<int>(width), static_cast<int>(height), {}};
  sheet.pixels.resize(width * height * 3);
  for (std::size_t i = 0; i < sheet.pixels.size(); ++i) sheet.pixels[i] = sheet_ground[i % 3];
  int top = gap;
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    const std::size_t row = i / columns;
    const int left = gap + static_cast<int>(i % columns) * (side + gap);
    draw_picture(sheet, left + (side - fitted[i].width) / 2, top + (heights[row] - fitted[i].height) / 2,
                 fitted[i]);
    int below = top + heights[row] + gap / 2;
    for (const std::vector<Glyph>& text : captions[i]) {
      draw_text(sheet, left, below, ascent, scale, text);
      below += line;
    }
    if ((i + 1) % columns == 0) top += heights[row] + lines[row] * line + 2 * gap;
  }
  return sheet;
}

Picture with_heat_scale(const Picture& sheet, int side) {
  if (side < 1 || sheet.width < 1 || sheet.height < 1 ||
      checked_product(sheet.width, sheet.height) > max_pixels ||
      sheet.pixels.size() != checked_product(sheet.width, sheet.height, 3))
    throw Error("a scale needs a whole picture above it");
  const int scale = side >= 256 ? 2 : 1;
  const int gap = 6 * scale, bar = 10 * scale, line = (latin_glyph_height + 2) * scale;
  Picture with = sheet;
  with.height += bar + line + gap;
  for (std::size_t i = with.pixels.size();
       i < static_cast<std::size_t>(with.width) * static_cast<std::size_t>(with.height) * 3; ++i) {
    with.pixels.push_back(sheet_ground[i % 3]);
  }
  const int left = gap, width = std::min(side, with.width - 2 * gap);
  for (int x = 0; x < width; ++x) {
    const std::array<double, 3> colour = heat_colour(static_cast<double>(x) / std::max(1, width - 1));
    Colour bytes{};
    for (std::size_t c = 0; c < 3; ++c) bytes[c] = static_cast<std::uint8_t>(255 * colour[c] + 0.5);
    for (int y = 0; y < bar; ++y) paint(with, left + x, sheet.height + y, bytes);
  }
  const auto draw = [&](const char* text, bool at_right) {
    const std::vector<Glyph> glyphs = fitting(glyphs_of(text), width / scale);
    int ascent = 0, used = 0;
    for (const Glyph& glyph : glyphs) {
      ascent = std::max(ascent, glyph.ascent);
      used += glyph.width * scale;
    }
    draw_text(with, at_right ? left + width - used : left, sheet.height + bar + 2 * scale, ascent, scale,
              glyphs);
  };
  draw("little", false);
  draw("counts most", true);
  return with;
}

}  // namespace bart
