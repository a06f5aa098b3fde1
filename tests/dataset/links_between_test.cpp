#include <gmock/gmock.h>

#include "bart/dataset/listing.h"
#include "bart/platform/error.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

/// Two folders, of which one is added to the other as its test part.
class LinksBetween : public testing::Test {
 protected:
  LinksBetween() {
    for (const char* file : {"data/a/1.jpg", "data/b/1.jpg", "tests/a/2.jpg", "tests/b/2.jpg"})
      scratch_.write(file);
  }
  Listing listing(const std::string& tests = "tests") const {
    Listing all = list_data(scratch_.path() / "data");
    add_part(all, list_data(scratch_.path() / tests, 1), Part::test);
    return all;
  }
  void link(const std::string& target, const std::string& file) const {
    fs::create_symlink(target, scratch_.path() / file);
  }

  test::ScratchFolder scratch_;
};

TEST_F(LinksBetween, ALinkToATrainingPictureIsNoTestPicture) {
  EXPECT_THAT(listing().warnings, IsEmpty());
  link("../../data/a/1.jpg", "tests/b/link.jpg");
  const Listing all = listing();
  EXPECT_EQ(all.pictures.size(), 4u);
  EXPECT_THAT(all.warnings, ElementsAre(AllOf(HasSubstr("1 picture of "), HasSubstr("/tests is passed over"),
                                              HasSubstr("/tests/b/link.jpg leads to the same file as "))));
  ASSERT_EQ(all.passed_over.size(), 1u);
  EXPECT_EQ(all.passed_over.front().path, "../tests/b/link.jpg");
}

TEST_F(LinksBetween, NeitherIsAPictureThatATrainingPictureLeadsTo) {
  link("../../tests/a/2.jpg", "data/b/link.jpg");
  EXPECT_EQ(listing().pictures.size(), 4u);
  fs::create_directory_symlink("../../tests/b", scratch_.path() / "data/b/folder");
  EXPECT_THAT([&] { listing(); }, ThrowsMessage<Error>(HasSubstr("put other pictures into it")));
}

TEST_F(LinksBetween, ThePicturesOfACsvAreKnownToo) {
  link("../data/a/1.jpg", "tests/link.jpg");
  scratch_.write("tests.csv", "file,label\ntests/link.jpg,b\ntests/b/2.jpg,b\n");
  const Listing all = listing("tests.csv");
  ASSERT_EQ(all.pictures.size(), 3u);
  EXPECT_EQ(all.pictures.back().file, "../tests/b/2.jpg");
}

TEST_F(LinksBetween, WhatIsNamedTwiceWithoutALinkInItIsTaken) {
  EXPECT_EQ(listing("data").pictures.size(), 4u);
  fs::create_directory_symlink("data", scratch_.path() / "again");
  EXPECT_EQ(listing("again").pictures.size(), 4u);
  fs::create_hard_link(scratch_.path() / "data/a/1.jpg", scratch_.path() / "tests/a/3.jpg");
  EXPECT_EQ(listing().pictures.size(), 5u);
}

}  // namespace
}  // namespace bart
