#include "bart/explain/contact_sheet.h"

#include <gtest/gtest.h>

#include "bart/platform/error.h"

namespace bart {
namespace {

SheetTile tile(int width, int height, std::vector<std::string> caption) {
  return {{width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height) * 3, 255)},
          std::move(caption)};
}

std::size_t bright(const Picture& sheet) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < sheet.pixels.size(); i += 3) count += sheet.pixels[i] > 200;
  return count;
}

TEST(ContactSheet, HoldsEveryPictureInItsProportions) {
  const std::vector<SheetTile> tiles = {tile(100, 50, {}), tile(10, 10, {}), tile(30, 60, {})};
  const Picture sheet = contact_sheet(tiles, 2, 40);
  EXPECT_EQ(sheet.pixels.size(), static_cast<std::size_t>(sheet.width * sheet.height * 3));
  EXPECT_EQ(sheet.width, 2 * 40 + 3 * 6);
  EXPECT_EQ(bright(sheet), 40u * 20 + 40 * 40 + 20 * 40);
}

TEST(ContactSheet, CaptionsOfAnyKindStayInTheirTile) {
  const std::size_t plain = bright(contact_sheet(std::vector{tile(40, 40, {""})}, 1, 40));
  for (const std::string text :
       {"homer", "Zoë Ä", "日本", "\xff\xc3\xf0", "a name that is longer than its picture"}) {
    const Picture sheet = contact_sheet(std::vector{tile(40, 40, {text})}, 1, 40);
    EXPECT_GT(bright(sheet), plain) << text;
    EXPECT_EQ(sheet.width, 40 + 2 * 6) << text;
  }
}

TEST(ContactSheet, RefusesWhatNoPictureCanHold) {
  const std::vector<SheetTile> tiles(2, tile(1, 1, {}));
  EXPECT_THROW(contact_sheet({}, 1, 10), Error);
  EXPECT_THROW(contact_sheet(tiles, 2, 30000), Error);
}

}  // namespace
}  // namespace bart
