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

/// The caption's lines of a sheet, "#" where a pixel is bright.
std::vector<std::string> drawn(const std::string& text) {
  Picture black{40, 1, std::vector<std::uint8_t>(120, 0)};
  const Picture sheet = contact_sheet(std::vector{SheetTile{black, {text}}}, 1, 40);
  std::vector<std::string> lines;
  for (int y = 7; y < sheet.height; ++y) {
    std::string& line = lines.emplace_back();
    for (int x = 6; x < 46; ++x) {
      line += sheet.pixels[static_cast<std::size_t>(3 * (y * sheet.width + x))] > 200 ? '#' : ' ';
    }
    line.erase(line.find_last_not_of(' ') + 1);
    if (line.empty()) lines.pop_back();
  }
  return lines;
}

TEST(ContactSheet, AnyScriptIsReadable) {
  // U+732B, cat, as GNU Unifont draws it.
  EXPECT_EQ(drawn("猫"), (std::vector<std::string>{
                             "        #   #",
                             " #   #  #   #",
                             "  # # #########",
                             "   #    #   #",
                             "  # #   #   #",
                             " #  #",
                             "#   #  #######",
                             "    #  #  #  #",
                             "   ##  #  #  #",
                             "  # #  #  #  #",
                             " #  #  #######",
                             "#   #  #  #  #",
                             "    #  #  #  #",
                             "    #  #  #  #",
                             " # #   #######",
                             "  #    #     #",
                         }));
  EXPECT_EQ(drawn("a猫").size(), drawn("猫").size());
  // Emoji lie outside the plane that the font has.
  EXPECT_EQ(drawn("\xF0\x9F\x90\xB1"), drawn("U+1F431"));
  EXPECT_EQ(drawn("猫猫猫"), drawn("猫.."));
  EXPECT_NE(drawn("Ж"), drawn("Щ"));
}

TEST(ContactSheet, RefusesWhatNoPictureCanHold) {
  const std::vector<SheetTile> tiles(2, tile(1, 1, {}));
  EXPECT_THROW(contact_sheet({}, 1, 10), Error);
  EXPECT_THROW(contact_sheet(tiles, 2, 30000), Error);
}

}  // namespace
}  // namespace bart
