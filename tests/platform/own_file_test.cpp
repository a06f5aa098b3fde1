#include "bart/platform/own_file.h"

#include <gtest/gtest.h>
#include <sys/xattr.h>

#include <filesystem>
#include <string>

#include "bart/platform/files.h"
#include "bart/platform/own_text.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

class OwnFile : public testing::Test {
 protected:
  static std::string content(const fs::path& path) {
    const auto bytes = read_file(path);
    return {bytes.begin(), bytes.end()};
  }

  const test::ScratchFolder scratch_;
  const fs::path file_ = scratch_.path() / "results.json";
};

TEST_F(OwnFile, IsKnownUnderAnotherNameAndNoMoreWhenSomebodyChangesIt) {
  write_file(file_, "results");
  EXPECT_FALSE(is_own(file_));
  if (::setxattr(file_.c_str(), "user.bart.test", "", 0, 0) != 0) GTEST_SKIP() << "no extended attributes";
  mark_as_own(file_);
  EXPECT_TRUE(is_own(file_));
  const fs::path renamed = scratch_.path() / "renamed", linked = scratch_.path() / "linked";
  fs::rename(file_, renamed);
  EXPECT_TRUE(is_own(renamed));
  fs::create_symlink(renamed, linked);
  EXPECT_FALSE(is_own(linked));
  append_file(renamed, std::vector<std::uint8_t>{'!'});
  EXPECT_FALSE(is_own(renamed));
}

TEST_F(OwnFile, TakesTheNextNameThatNobodyElseHas) {
  const fs::path first = scratch_.path() / "results.earlier.json";
  const fs::path second = scratch_.path() / "results.earlier-2.json";
  EXPECT_EQ(earlier_name(file_), first);
  fs::create_symlink("nowhere", first);
  EXPECT_EQ(earlier_name(file_), second);
  write_file(second, "results");
  mark_as_own(second);
  EXPECT_EQ(earlier_name(file_), is_own(second) ? second : scratch_.path() / "results.earlier-3.json");
}

TEST_F(OwnFile, OfTextIsKnownByItsFingerprintWhereverItIsCopiedTo) {
  const fs::path card = scratch_.path() / "card.md", copy = scratch_.path() / "copy.md";
  EXPECT_FALSE(is_text_of_others(card));  // there is none
  for (const char* text : {"", "# A card\n"}) {
    write_file(card, with_fingerprint(text));
    fs::remove(copy);
    fs::copy_file(card, copy);
    EXPECT_FALSE(is_text_of_others(copy)) << text;
    EXPECT_EQ(keep_text_of_others(copy), "");
  }
  write_file(copy, content(copy) + "mine\n");
  EXPECT_TRUE(is_text_of_others(copy));
  const std::string changed = "#" + content(card);
  write_file(card, changed);
  EXPECT_TRUE(is_text_of_others(card));
  EXPECT_EQ(keep_text_of_others(card),
            "Kept the card.md that was there as " + (scratch_.path() / "card.earlier.md").string());
  EXPECT_EQ(content(scratch_.path() / "card.earlier.md"), changed);
}

}  // namespace
}  // namespace bart
