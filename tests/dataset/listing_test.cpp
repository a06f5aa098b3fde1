#include "bart/dataset/listing.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bart/platform/error.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::vector<std::string> files_of(const Listing& listing) {
  std::vector<std::string> files;
  for (const ListedPicture& picture : listing.pictures) files.push_back(picture.file);
  return files;
}

class ListFolder : public testing::Test {
 protected:
  void expect_refused(const fs::path& folder, const std::string& name, const std::string& words) {
    EXPECT_THAT([&] { list_folder(folder); }, ThrowsMessage<Error>(AllOf(HasSubstr(name), HasSubstr(words))));
  }

  test::ScratchFolder scratch_;
};

TEST_F(ListFolder, BothLevelsAreInCodePointOrder) {
  // sorted() of these in Python: upper before lower case, "10" before "9", scripts by code point, U+FF5E
  // before U+1F600 (the other way round in UTF-16).
  for (const char* name : {"b", "B", "a b", "a", "ä", "Ω", "名", "～", "😀", "10", "9"}) {
    scratch_.write(std::string(name) + "/z.jpg");
  }
  for (const char* name : {"pic_10.jpg", "pic_9.jpg", "Pic.jpg", "é.jpg"})
    scratch_.write(std::string("a/") + name);
  const Listing listing = list_folder(scratch_.path());
  EXPECT_THAT(listing.classes, ElementsAre("10", "9", "B", "a", "a b", "b", "ä", "Ω", "名", "～", "😀"));
  EXPECT_THAT(files_of(listing), ElementsAre("10/z.jpg", "9/z.jpg", "B/z.jpg", "a/Pic.jpg", "a/pic_10.jpg",
                                             "a/pic_9.jpg", "a/z.jpg", "a/é.jpg", "a b/z.jpg", "b/z.jpg",
                                             "ä/z.jpg", "Ω/z.jpg", "名/z.jpg", "～/z.jpg", "😀/z.jpg"));
  EXPECT_EQ(listing.pictures.front().label, 0);
  EXPECT_EQ(listing.pictures[4].label, 3);
  EXPECT_EQ(listing.pictures.back().label, 10);
  EXPECT_EQ(listing.folder, scratch_.path());
}

TEST_F(ListFolder, OnlyPicturesOfClassFoldersAreListed) {
  for (const char* file :
       {"homer/1.jpg", "homer/.DS_Store", "homer/.hidden.jpg", "homer/inner/2.jpg", "marge/1.jpg",
        "simpsons_dataset/homer/1.jpg", ".DS_Store", ".git/1.jpg", "readme.txt"}) {
    scratch_.write(file);
  }
  ASSERT_EQ(::mkfifo((scratch_.path() / "homer" / "pipe.jpg").c_str(), 0600), 0);
  const Listing listing = list_folder(scratch_.path());
  EXPECT_THAT(listing.classes, ElementsAre("homer", "marge"));
  EXPECT_THAT(files_of(listing), ElementsAre("homer/1.jpg", "marge/1.jpg"));
}

TEST_F(ListFolder, LinksAreFollowedAndDanglingPicturesListed) {
  scratch_.write("elsewhere/homer/1.jpg");
  scratch_.write("data/marge/1.jpg");
  fs::create_directory_symlink(scratch_.path() / "elsewhere" / "homer", scratch_.path() / "data" / "homer");
  fs::create_symlink("1.jpg", scratch_.path() / "data" / "marge" / "2.jpg");
  fs::create_symlink("nowhere", scratch_.path() / "data" / "marge" / "3.jpg");
  fs::create_symlink("nowhere", scratch_.path() / "data" / "not_a_class");
  const Listing listing = list_folder(scratch_.path() / "data");
  EXPECT_THAT(listing.classes, ElementsAre("homer", "marge"));
  EXPECT_THAT(files_of(listing), ElementsAre("homer/1.jpg", "marge/1.jpg", "marge/2.jpg", "marge/3.jpg"));
}

TEST_F(ListFolder, FoldersThatAreNoDataSetAreRefusedInWords) {
  const fs::path& here = scratch_.path();
  expect_refused(here / "nowhere", (here / "nowhere").string(), "does not exist");
  scratch_.write("file");
  expect_refused(here / "file", (here / "file").string(), "is not a folder");
  expect_refused(here, here.string(), "no class folder");
  scratch_.write("homer/1.jpg");
  expect_refused(here, "homer", "at least 2 classes");
  fs::create_directory(here / "marge");
  expect_refused(here, (here / "marge").string(), "holds no picture");
  scratch_.write("marge/.DS_Store");
  expect_refused(here, (here / "marge").string(), "holds no picture");
}

TEST_F(ListFolder, ClassNamesMustBeUtf8) {
  scratch_.write("homer/1.jpg");
  for (const char* bad :
       {"caf\xE9", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "cut\xE5\x90", "\xFF", "\x80"}) {
    std::error_code refused_by_file_system;
    fs::create_directory(scratch_.path() / bad, refused_by_file_system);
    if (refused_by_file_system) GTEST_SKIP() << "the file system itself takes only UTF-8 names";
    expect_refused(scratch_.path(), bad, "not valid UTF-8");
    fs::remove(scratch_.path() / bad);
  }
  scratch_.write("\U0010FFFF/1.jpg");
  EXPECT_EQ(list_folder(scratch_.path()).classes.size(), 2u);
}

TEST_F(ListFolder, UnreadableFoldersAreNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads every folder";
  scratch_.write("homer/1.jpg");
  scratch_.write("marge/1.jpg");
  const fs::path marge = scratch_.path() / "marge";
  fs::permissions(marge, fs::perms::none);
  expect_refused(scratch_.path(), marge.string(), "Permission denied");
  fs::permissions(marge, fs::perms::owner_all);
}

}  // namespace
}  // namespace bart
