#include "bart/platform/printable.h"

#include <gtest/gtest.h>

namespace bart {
namespace {

TEST(Printable, LeavesTextAlone) {
  for (const std::string text : {"", "cat", "Köln", "猫", "👩‍🚀", "שלום", "a\u00A0b"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, ReplacesControlCharacters) {
  EXPECT_EQ(printable("a\x1b[2Jb\x07\n\x7f"), "a\uFFFD[2Jb\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(printable("a\u009b2Jb"), "a\uFFFD2Jb");  // C1's CSI
}

TEST(Printable, ReplacesWhatTurnsTheDirectionOfWriting) {
  // "cat\u202Egpj.exe" shows as "catexe.jpg" (CVE-2021-42574 is of the same kind).
  EXPECT_EQ(printable("cat\u202Egpj.exe"), "cat\uFFFDgpj.exe");
  for (const char* character : {"\u061C", "\u200E", "\u200F", "\u202A", "\u202B", "\u202C", "\u202D",
                                "\u2066", "\u2067", "\u2068", "\u2069", "\u2028", "\u2029"}) {
    EXPECT_EQ(printable(character), "\uFFFD");
  }
}

TEST(Printable, ReplacesInvalidUtf8) {
  EXPECT_EQ(printable("\xff\xc3"), "\uFFFD\uFFFD");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(printable("\xc0\xaf"), "\uFFFD\uFFFD");            // an overlong '/'
}

TEST(PrintableLine, IsBoundedAndKeepsBothEnds) {
  const std::string name(4095, 'n');
  const std::string ordinary = "cannot rename " + name + " to " + name.substr(0, 3000) + ": it is there";
  EXPECT_EQ(printable_line(ordinary), ordinary);
  const std::string line = printable_line("cannot read " + std::string(15'700'000, 'x') + ": remove it");
  EXPECT_LT(line.size(), 8100u);
  EXPECT_TRUE(line.starts_with("cannot read xxx"));
  EXPECT_TRUE(line.ends_with("xxx: remove it"));
  EXPECT_NE(line.find("x ... x"), std::string::npos);
}

TEST(PrintableLine, CutsNoCharacter) {
  for (const char* shift : {"", "1", "12", "123"}) {
    std::string text = shift;
    for (int i = 0; i < 5000; ++i) text += "猫";
    EXPECT_EQ(printable_line(text).find("\uFFFD"), std::string::npos) << shift;
  }
}

}  // namespace
}  // namespace bart
