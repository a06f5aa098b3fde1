#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "bart/pictures/picture.h"

namespace bart {

struct SheetTile {
  Picture picture;
  std::vector<std::string> caption;  // lines of UTF-8 in any script; lines that are too long are cut
};

/// Tiles in rows of `columns`, each picture fitted into side x side pixels, its caption below. Throws Error
/// when there is no tile, or when the sheet would have more pixels than a picture may.
Picture contact_sheet(std::span<const SheetTile> tiles, std::size_t columns, int side);

}  // namespace bart
