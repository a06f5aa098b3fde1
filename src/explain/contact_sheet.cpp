#include "bart/explain/contact_sheet.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "bart/pictures/decode.h"
#include "bart/pictures/resize.h"
#include "bart/platform/error.h"
#include "font.h"

namespace bart {
namespace {

using Colour = std::array<std::uint8_t, 3>;

constexpr Colour ground = {20, 23, 28};
constexpr Colour ink = {228, 232, 237};

void paint(Picture& picture, int x, int y, const Colour& colour) {
  if (x < 0 || y < 0 || x >= picture.width || y >= picture.height) return;
  const std::size_t at =
      (static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) + static_cast<std::size_t>(x)) *
      3;
  std::ranges::copy(colour, picture.pixels.begin() + static_cast<std::ptrdiff_t>(at));
}

/// Code points of UTF-8, one a broken sequence too.
std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> points;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80 && !points.empty()) {
      points.back() = points.back() << 6 | (byte & 0x3F);
    } else {
      points.push_back(byte < 0x80   ? byte
                       : byte < 0xE0 ? byte & 0x1F
                       : byte < 0xF0 ? byte & 0x0F
                                     : byte & 0x07);
    }
  }
  return points;
}

/// The row of a glyph as six bits.
int glyph_row(char32_t point, int row) {
  std::size_t index = 0;
  if (point >= 0x20 && point <= 0x7E) {
    index = point - 0x20;
  } else if (point >= 0xA0 && point <= 0xFF) {
    index = point - 0xA0 + 95;
  } else {  // a box
    return row < 3 || row > 10 ? 0 : row == 3 || row == 10 ? 0b111110 : 0b100010;
  }
  return glyphs[index * glyph_height + static_cast<std::size_t>(row)] - '0';
}

void draw_text(Picture& picture, int left, int top, int width, int scale, std::string_view text) {
  std::vector<char32_t> points = code_points(text);
  const auto fitting = static_cast<std::size_t>(width / (glyph_width * scale));
  if (points.size() > fitting) {
    points.resize(fitting);
    for (std::size_t i = fitting - std::min<std::size_t>(fitting, 2); i < fitting; ++i) points[i] = U'.';
  }
  for (const char32_t point : points) {
    for (int y = 0; y < glyph_height * scale; ++y) {
      const int row = glyph_row(point, y / scale);
      for (int x = 0; x < glyph_width * scale; ++x) {
        if ((row >> (glyph_width - 1 - x / scale) & 1) != 0) paint(picture, left + x, top + y, ink);
      }
    }
    left += glyph_width * scale;
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
  for (std::size_t i = 0; i < sheet.pixels.size(); ++i) sheet.pixels[i] = ground[i % 3];
  int top = gap;
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    const std::size_t row = i / columns;
    const int left = gap + static_cast<int>(i % columns) * (side + gap);
    draw_picture(sheet, left + (side - fitted[i].width) / 2, top + (heights[row] - fitted[i].height) / 2,
                 fitted[i]);
    int below = top + heights[row] + gap / 2;
    for (const std::string& text : tiles[i].caption) {
      draw_text(sheet, left, below, side, scale, text);
      below += line;
    }
    if ((i + 1) % columns == 0) top += heights[row] + lines[row] * line + 2 * gap;
  }
  return sheet;
}

}  // namespace bart
