#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bart/pictures/picture.h"

namespace bart {

/// The colour between the pictures of a sheet.
inline constexpr std::array<std::uint8_t, 3> sheet_ground = {20, 23, 28};

struct SheetTile {
  Picture picture;
  std::vector<std::string> caption;  // lines of UTF-8 in any script; lines that are too long are cut
};

/// Tiles in rows of `columns`, each picture fitted into side x side pixels, its caption below. Throws Error
/// when there is no tile, or when the sheet would have more pixels than a picture may.
Picture contact_sheet(std::span<const SheetTile> tiles, std::size_t columns, int side);

/// The sheet with a strip below that explains the colours of overlay(): from parts that do not count to those
/// that count most.
Picture with_heat_scale(const Picture& sheet, int side);

}  // namespace bart
