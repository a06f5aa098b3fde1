#include "bart/dataset/listing.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bart/dataset/class_names.h"
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
using testing::UnorderedElementsAre;

std::vector<std::string> files_of(const Listing& listing) {
  std::vector<std::string> files;
  for (const ListedPicture& picture : listing.pictures) files.push_back(picture.file);
  return files;
}

std::vector<std::string> passed_over(const Listing& listing) {
  std::vector<std::string> texts;
  for (const PassedOver& one : listing.passed_over) texts.push_back(one.path + ": " + one.reason);
  return texts;
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
  EXPECT_THAT(files_of(listing), ElementsAre("homer/1.jpg", "homer/inner/2.jpg", "marge/1.jpg"));
  EXPECT_THAT(
      passed_over(listing),
      UnorderedElementsAre(".DS_Store: hidden", ".git/: hidden", "simpsons_dataset/: simpsons_dataset",
                           "readme.txt: not pictures by their ending", "homer/.DS_Store: hidden",
                           "homer/.hidden.jpg: hidden", "homer/pipe.jpg: not regular files"));
}

TEST_F(ListFolder, FilesThatNoPictureEndsLikeAreNoPictures) {
  for (const char* file :
       {"homer/1.jpg", "homer/2", "homer/3.jpg_large", "homer/Thumbs.db", "homer/notes.TXT", "homer/1.json",
        "homer/1.xml", "homer/clip.mp4", "homer/._1.jpg", "homer/desktop.ini", "homer/__MACOSX/1.jpg",
        "__MACOSX/homer/1.jpg", "homer/.hidden/1.jpg", "homer/Icon\r", "labels.csv", "@eaDir/1.jpg"}) {
    scratch_.write(file);
  }
  const Listing listing = list_folder(scratch_.path(), 1);
  EXPECT_THAT(files_of(listing), ElementsAre("homer/1.jpg", "homer/2", "homer/3.jpg_large"));
  EXPECT_EQ(passed_over_sentence(listing.passed_over),
            "Passed over 13 files and folders: 6 not pictures by their ending, 5 of the operating system, 2 "
            "hidden");
  EXPECT_THAT(listing.warnings, IsEmpty());
  EXPECT_EQ(passed_over_sentence({}), "");
}

TEST_F(ListFolder, NestedFilesBelongToTheirClassInTheOrderOfTheirPaths) {
  // sorted(str(p.relative_to(c)) for p in c.rglob("*") if p.is_file()): "/" comes after "-", before digits.
  for (const char* file : {"a/batch2/10.jpg", "a/batch2/9.jpg", "a/batch2-old/1.jpg", "a/batch20/1.jpg",
                           "a/aa.jpg", "a/z.jpg", "a/batch2/deep/er/1.jpg", "b/only/nested/1.jpg"}) {
    scratch_.write(file);
  }
  const Listing listing = list_folder(scratch_.path());
  EXPECT_THAT(files_of(listing),
              ElementsAre("a/aa.jpg", "a/batch2-old/1.jpg", "a/batch2/10.jpg", "a/batch2/9.jpg",
                          "a/batch2/deep/er/1.jpg", "a/batch20/1.jpg", "a/z.jpg", "b/only/nested/1.jpg"));
  EXPECT_EQ(listing.pictures.back().label, 1);
  EXPECT_THAT(listing.passed_over, IsEmpty());
}

TEST_F(ListFolder, LinksThatLeadBackAreFollowedOnceAndNamed) {
  scratch_.write("data/a/1.jpg");
  scratch_.write("data/a/inner/2.jpg");
  scratch_.write("data/b/1.jpg");
  scratch_.write("elsewhere/3.jpg");
  const fs::path a = scratch_.path() / "data" / "a";
  fs::create_directory_symlink("..", a / "inner" / "loop");
  fs::create_directory_symlink(a / "inner", a / "again");
  fs::create_directory_symlink(scratch_.path() / "elsewhere", a / "linked");
  fs::create_symlink("itself.jpg", a / "itself.jpg");
  const Listing listing = list_folder(scratch_.path() / "data");
  EXPECT_THAT(files_of(listing),
              ElementsAre("a/1.jpg", "a/inner/2.jpg", "a/itself.jpg", "a/linked/3.jpg", "b/1.jpg"));
  EXPECT_THAT(passed_over(listing), ElementsAre("a/again/: links to a folder that was visited",
                                                "a/inner/loop/: links to a folder that was visited"));
  EXPECT_THAT(listing.warnings,
              ElementsAre(HasSubstr("a/again/ leads to"), HasSubstr("a/inner/loop/ leads to")));
}

TEST_F(ListFolder, ALinkIntoAnotherClassOrAboveGivesNoPictureASecondLabel) {
  for (const char* file :
       {"top/data/a/1.jpg", "top/data/b/2.jpg", "top/data/b/inner/3.jpg", "top/beside/4.jpg"}) {
    scratch_.write(file);
  }
  const fs::path data = scratch_.path() / "top" / "data";
  fs::create_directory_symlink("..", data / "a" / "up");             // the data set's own folder
  fs::create_directory_symlink("../..", data / "a" / "further_up");  // one that it lies in
  fs::create_directory_symlink("../b", data / "a" / "other");
  fs::create_directory_symlink("../b/inner", data / "a" / "inner_of_other");
  fs::create_directory_symlink("../../beside", data / "a" / "beside");
  fs::create_directory_symlink("../../beside", data / "b" / "beside");
  fs::create_directory_symlink("a", data / "0");  // comes before what it leads to
  fs::create_directory_symlink(".", data / "itself");
  const Listing listing = list_folder(data);
  EXPECT_THAT(listing.classes, ElementsAre("a", "b"));
  EXPECT_THAT(files_of(listing), ElementsAre("a/1.jpg", "a/beside/4.jpg", "b/2.jpg", "b/inner/3.jpg"));
  for (const char* link :
       {"a/up/", "a/further_up/", "a/other/", "a/inner_of_other/", "b/beside/", "/0/", "/itself/"}) {
    EXPECT_THAT(listing.warnings, testing::Contains(HasSubstr(std::string(link) + " leads to"))) << link;
  }
  EXPECT_EQ(listing.warnings.size(), 7u);
  EXPECT_THAT(passed_over(listing), testing::Contains("0/: links to a folder that was visited"));
  // The same for the pictures of any folder.
  EXPECT_THAT(find_pictures(data / "a", true).files,
              ElementsAre("1.jpg", "beside/4.jpg", "inner_of_other/3.jpg", "other/2.jpg"));
}

TEST_F(ListFolder, ALinkToAPictureOfAnotherClassOrPartGivesItNoSecondLabel) {
  const fs::path data = scratch_.path() / "data";
  for (const char* file : {"data/a/1.jpg", "data/b/2.jpg", "data/b/inner/3.jpg", "4.jpg", "beside/5.jpg"})
    scratch_.write(file);
  fs::create_symlink("../b/inner/3.jpg", data / "a" / "0.jpg");  // comes before what it leads to
  fs::create_symlink("0.jpg", data / "a" / "00.jpg");            // a link to that link
  fs::create_symlink("1.jpg", data / "a" / "same.jpg");          // of the same class
  fs::create_symlink("../../4.jpg", data / "a" / "4.jpg");       // outside
  fs::create_symlink("../../4.jpg", data / "b" / "4.jpg");       // a second label for it
  fs::create_directory_symlink("../../beside", data / "b" / "z");
  fs::create_symlink("../../beside/5.jpg", data / "a" / "5.jpg");
  const Listing listing = list_folder(data);
  EXPECT_THAT(files_of(listing),
              ElementsAre("a/1.jpg", "a/4.jpg", "a/same.jpg", "b/2.jpg", "b/inner/3.jpg", "b/z/5.jpg"));
  using Names = std::pair<std::string, std::string>;  // of a link and of what it leads to
  for (const auto& [link, target] : {Names("a/0.jpg", "b/inner/3.jpg"), Names("a/00.jpg", "b/inner/3.jpg"),
                                     Names("b/4.jpg", "a/4.jpg"), Names("a/5.jpg", "b/z/5.jpg")}) {
    EXPECT_THAT(listing.warnings,
                testing::Contains(fmt::format(
                    "{0}/{1} leads to a picture of another class or part, {0}/{2}: it is passed over",
                    data.string(), link, target)));
    EXPECT_THAT(passed_over(listing), testing::Contains(link + ": links to a picture of another folder"));
  }
  const test::ScratchFolder parts;
  for (const char* file : {"train/a/1.jpg", "train/b/2.jpg", "val/a/3.jpg", "val/b/4.jpg"}) parts.write(file);
  fs::create_symlink("../../train/a/1.jpg", parts.path() / "val/a/1.jpg");
  Listing split = list_folder(parts.path());
  EXPECT_THAT(files_of(split), ElementsAre("train/a/1.jpg", "train/b/2.jpg", "val/a/3.jpg", "val/b/4.jpg"));
  EXPECT_THAT(split.warnings, ElementsAre(HasSubstr("val/a/1.jpg leads to a picture of another")));
  for (int k = 0; k < 9; ++k) fs::create_symlink("1.jpg", parts.path() / fmt::format("val/a/{}9.jpg", k));
  split = list_folder(parts.path());
  EXPECT_THAT(split.warnings.back(), HasSubstr("So do 5 more links in"));  // ten, five of which are named
}

TEST_F(ListFolder, APartThatLeadsToAnotherPartIsNoSecondPart) {
  for (const char* file : {"train/a/1.jpg", "train/b/2.jpg", "val/a/3.jpg"}) scratch_.write(file);
  fs::create_directory_symlink("../train/b", scratch_.path() / "val" / "b");
  fs::create_directory_symlink("train", scratch_.path() / "test");
  const Listing listing = list_folder(scratch_.path());
  EXPECT_THAT(files_of(listing), ElementsAre("train/a/1.jpg", "train/b/2.jpg", "val/a/3.jpg"));
  EXPECT_THAT(listing.warnings, testing::Contains(HasSubstr("val/b/ leads to")));
  EXPECT_THAT(listing.warnings, testing::Contains(HasSubstr("test/a/ leads to")));
}

TEST_F(ListFolder, TextsWithoutAnEndingAreNoPictures) {
  for (const char* file : {"a/1.jpg", "a/LICENSE", "a/readme", "a/scan", "b/2.jpg"}) scratch_.write(file);
  EXPECT_THAT(files_of(list_folder(scratch_.path())), ElementsAre("a/1.jpg", "a/scan", "b/2.jpg"));
  EXPECT_THAT(find_pictures(scratch_.path() / "a", false).files, ElementsAre("1.jpg", "scan"));
}

TEST_F(ListFolder, FilesThatAreNotWholeAndEarlierOnesAreNoPictures) {
  for (const char* file : {"a/1.jpg", "a/1.jpg~", "a/1.jpg.bak", "a/2.jpg.part", "a/2.TMP", "b/2.jpg"})
    scratch_.write(file);
  const Listing listing = list_folder(scratch_.path());
  EXPECT_THAT(files_of(listing), ElementsAre("a/1.jpg", "b/2.jpg"));
  EXPECT_EQ(passed_over_sentence(listing.passed_over),
            "Passed over 4 files and folders: 4 not pictures by their ending");
}

TEST_F(ListFolder, SubFoldersThatCannotBeReadAreNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads every folder";
  for (const char* file : {"a/1.jpg", "a/secret/2.jpg", "b/1.jpg"}) scratch_.write(file);
  fs::permissions(scratch_.path() / "a" / "secret", fs::perms::none);
  const Listing listing = list_folder(scratch_.path());
  fs::permissions(scratch_.path() / "a" / "secret", fs::perms::owner_all);
  EXPECT_THAT(files_of(listing), ElementsAre("a/1.jpg", "b/1.jpg"));
  EXPECT_THAT(passed_over(listing), ElementsAre("a/secret/: that cannot be read"));
  EXPECT_THAT(listing.warnings, ElementsAre(AllOf(HasSubstr("a/secret"), HasSubstr("Permission denied"))));
}

TEST_F(ListFolder, AFolderWithTooLongAPathIsNamed) {
  scratch_.write("a/1.jpg");
  scratch_.write("b/1.jpg");
  const fs::path before = fs::current_path();
  fs::current_path(scratch_.path() / "b");
  for (int i = 0; i < 20; ++i) {
    fs::create_directory(std::string(250, 'd'));
    fs::current_path(std::string(250, 'd'));
  }
  fs::current_path(before);
  const Listing listing = list_folder(scratch_.path());
  EXPECT_THAT(files_of(listing), ElementsAre("a/1.jpg", "b/1.jpg"));
  EXPECT_THAT(listing.warnings, ElementsAre(HasSubstr("File name too long")));
  EXPECT_EQ(listing.passed_over.size(), 1u);
}

TEST_F(ListFolder, AnEmptyClassFolderIsAWarningAndNoClass) {
  for (const char* file : {"a/1.jpg", "c/1.jpg", "d/.DS_Store", "d/readme.md"}) scratch_.write(file);
  fs::create_directory(scratch_.path() / "b");
  const Listing listing = list_folder(scratch_.path());
  EXPECT_THAT(listing.classes, ElementsAre("a", "c"));
  EXPECT_EQ(listing.pictures.back().label, 1);
  EXPECT_THAT(listing.warnings,
              ElementsAre(AllOf(HasSubstr("/b holds no picture")), HasSubstr("/d holds no picture")));
}

TEST_F(ListFolder, PicturesBesideTheClassFoldersAreAWarning) {
  for (const char* file : {"a/1.jpg", "b/1.jpg", "stray.jpg", "README"}) scratch_.write(file);
  const Listing listing = list_folder(scratch_.path());
  EXPECT_EQ(listing.pictures.size(), 2u);
  EXPECT_THAT(listing.warnings, ElementsAre(HasSubstr("1 picture beside the class folders")));
}

TEST_F(ListFolder, FoldersOfASplitArePartsOfTheListing) {
  const std::vector<std::vector<const char*>> spellings = {
      {"train", "val", "test"}, {"Training", "VALID", "Testing"}, {"TRAIN", "Validation", "test"}};
  for (const auto& names : spellings) {
    const test::ScratchFolder scratch;
    for (const char* file : {"/a/1.jpg", "/a/2.jpg", "/b/1.jpg"}) scratch.write(names[0] + std::string(file));
    for (const char* file : {"/a/1.jpg", "/b/1.jpg"}) scratch.write(names[1] + std::string(file));
    scratch.write(names[2] + std::string("/b/7.jpg"));
    scratch.write("annotations/1.xml");
    const Listing listing = list_folder(scratch.path());
    EXPECT_THAT(listing.classes, ElementsAre("a", "b"));
    const std::string train = names[0], validation = names[1], test = names[2];
    EXPECT_THAT(files_of(listing),
                ElementsAre(train + "/a/1.jpg", train + "/a/2.jpg", train + "/b/1.jpg",
                            validation + "/a/1.jpg", validation + "/b/1.jpg", test + "/b/7.jpg"));
    std::vector<std::int32_t> labels;
    std::vector<Part> parts;
    for (const ListedPicture& picture : listing.pictures) {
      labels.push_back(picture.label);
      parts.push_back(picture.part);
    }
    EXPECT_THAT(labels, ElementsAre(0, 0, 1, 0, 1, 1));
    EXPECT_THAT(parts, ElementsAre(Part::train, Part::train, Part::train, Part::validation, Part::validation,
                                   Part::test));
    EXPECT_EQ(
        parts_sentence(listing),
        "The data set comes with its own split: 3 pictures for training, 2 for validation, 1 for testing");
    EXPECT_THAT(listing.warnings, ElementsAre(HasSubstr("holds no picture of 1 class: a")));
    EXPECT_THAT(passed_over(listing), ElementsAre("annotations/: beside the parts of the split"));
  }
}

TEST_F(ListFolder, ATestFolderWithoutClassesIsPassedOverWithAWarning) {
  for (const char* file : {"train/a/1.jpg", "train/b/1.jpg", "test/1.jpg", "test/2.jpg"})
    scratch_.write(file);
  const Listing listing = list_folder(scratch_.path());
  EXPECT_THAT(files_of(listing), ElementsAre("train/a/1.jpg", "train/b/1.jpg"));
  EXPECT_THAT(listing.warnings, ElementsAre(HasSubstr("test holds no class folders")));
  EXPECT_EQ(parts_sentence(listing), "");
}

TEST_F(ListFolder, WithoutTestPicturesThoseForValidationAreTheTest) {
  for (const char* file : {"train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg", "val/b/1.jpg"})
    scratch_.write(file);
  EXPECT_EQ(
      parts_sentence(list_folder(scratch_.path())),
      "The data set comes with its own split: 2 pictures for training, 2 for validation, which are the test "
      "pictures too");
}

TEST_F(ListFolder, ClassesMayBeNamedLikeParts) {
  for (const char* file : {"train/1.jpg", "bus/1.jpg", "train/red/2.jpg"}) scratch_.write(file);
  const Listing vehicles = list_folder(scratch_.path());
  EXPECT_THAT(vehicles.classes, ElementsAre("bus", "train"));
  EXPECT_THAT(vehicles.warnings, IsEmpty());
  const test::ScratchFolder flat;
  flat.write("train/1.jpg");
  flat.write("test/1.jpg");
  const Listing classes = list_folder(flat.path());
  EXPECT_THAT(classes.classes, ElementsAre("test", "train"));
  EXPECT_THAT(classes.warnings, ElementsAre(HasSubstr("are read as classes")));
}

TEST_F(ListFolder, PartsUnderUnknownNamesAreAWarning) {
  for (const char* file :
       {"train/a/1.jpg", "train/b/1.jpg", "dev/a/1.jpg", "dev/b/1.jpg", "dev/b/deep/2.jpg"})
    scratch_.write(file);
  const Listing parts = list_folder(scratch_.path());
  EXPECT_THAT(parts.classes, ElementsAre("dev", "train"));
  EXPECT_THAT(parts.warnings, ElementsAre(AllOf(HasSubstr("dev, train of "), HasSubstr("same names, a, b"),
                                                HasSubstr("name the parts train, val and test"))));
  // A part may lack a class.
  fs::remove_all(scratch_.path() / "dev" / "a");
  EXPECT_THAT(list_folder(scratch_.path()).warnings, ElementsAre(HasSubstr("are read as classes")));
  // Pictures of their own make folders classes.
  for (const char* file : {"dev/1.jpg", "dev/2.jpg", "train/1.jpg", "train/2.jpg"}) scratch_.write(file);
  EXPECT_THAT(list_folder(scratch_.path()).warnings, IsEmpty());
}

TEST_F(ListFolder, PartsWithinTheClassesAreAWarning) {
  for (const char* file : {"a/train/1.jpg", "a/test/1.jpg", "b/train/1.jpg", "b/test/1.jpg"})
    scratch_.write(file);
  const Listing listing = list_folder(scratch_.path());
  EXPECT_THAT(listing.classes, ElementsAre("a", "b"));
  EXPECT_THAT(listing.warnings,
              ElementsAre(AllOf(HasSubstr("the folders test, train"), HasSubstr("split anew"))));
  const test::ScratchFolder batches;
  for (const char* file : {"a/one/1.jpg", "a/two/1.jpg", "b/three/1.jpg", "b/one/1.jpg"}) batches.write(file);
  EXPECT_THAT(list_folder(batches.path()).warnings, IsEmpty());
}

TEST_F(ListFolder, PartsThatDoNotFitAreRefusedInWords) {
  const fs::path& here = scratch_.path();
  for (const char* file : {"train/a/1.jpg", "train/b/1.jpg", "test/A/1.jpg", "test/c/1.jpg"})
    scratch_.write(file);
  expect_refused(here, "test holds classes that the training pictures do not have", "\"A\" (not \"a\"), c");
  fs::remove_all(here / "test" / "A");
  fs::rename(here / "test" / "c", here / "test" / "a");
  EXPECT_EQ(list_folder(here).pictures.size(), 3u);
  scratch_.write("Training/a/1.jpg");
  expect_refused(here, "two folders of train pictures", "Training and train");
  fs::remove_all(here / "Training");
  scratch_.write("more/a/1.jpg");
  expect_refused(here, here.string(),
                 "pictures in more, which is none: name it train, val or test if it is one");
}

TEST_F(ListFolder, WhatIsWithinTheOnlyClassFolderIsAdvised) {
  for (const char* file : {"images/a/1.jpg", "images/b/1.jpg"}) scratch_.write(file);
  expect_refused(scratch_.path(), "at least 2 classes", "name " + (scratch_.path() / "images").string());
}

// Macs decompose names in some file systems and archives.
const std::string composed_name = "K\u00F6ln", decomposed_name = "Ko\u0308ln";

TEST_F(ListFolder, ComposedAndDecomposedNamesAreOneText) {
  scratch_.write("train/" + composed_name + "/1.jpg");
  scratch_.write("train/Bonn/1.jpg");
  scratch_.write("test/" + decomposed_name + "/1.jpg");
  const Listing listing = list_folder(scratch_.path());
  EXPECT_THAT(listing.classes, ElementsAre("Bonn", composed_name));
  EXPECT_EQ(listing.pictures.back().label, 1);
  scratch_.write("train/" + decomposed_name + "/1.jpg");
  expect_refused(scratch_.path(), "once composed and once decomposed", composed_name);
  EXPECT_EQ(find_class(listing.classes, decomposed_name), 1u);
  EXPECT_EQ(find_class(listing.classes, "bonn"), std::nullopt);
}

TEST_F(ListFolder, NamesThatLookAlikeAreAWarningThatNamesBoth) {
  for (const char* file : {"Cat/1.jpg", "cat /1.jpg", "dog/1.jpg", "do\u200Bg/1.jpg"}) scratch_.write(file);
  const Listing listing = list_folder(scratch_.path());
  EXPECT_EQ(listing.classes.size(), 4u);
  EXPECT_THAT(listing.warnings, ElementsAre(HasSubstr("\"Cat\" and \"cat \""), HasSubstr("\" of ")));
}

class AddPart : public ListFolder {};

TEST_F(AddPart, AnotherFolderBecomesThePart) {
  for (const char* file :
       {"data/a/1.jpg", "data/b/1.jpg", "data/c/1.jpg", "holdout/c/1.jpg", "holdout/a/1.jpg"}) {
    scratch_.write(file);
  }
  Listing listing = list_folder(scratch_.path() / "data");
  add_part(listing, list_folder(scratch_.path() / "holdout"), Part::test);
  EXPECT_THAT(files_of(listing),
              ElementsAre("a/1.jpg", "b/1.jpg", "c/1.jpg", "../holdout/a/1.jpg", "../holdout/c/1.jpg"));
  EXPECT_EQ(listing.pictures[4].label, 2);
  EXPECT_EQ(listing.pictures[4].part, Part::test);
  EXPECT_EQ(listing.pictures[0].part, Part::none);
  EXPECT_TRUE(fs::exists(listing.folder / listing.pictures[4].file));
  EXPECT_THAT(listing.warnings, ElementsAre(HasSubstr("holdout holds no picture of 1 class: b")));
  EXPECT_TRUE(has_test_pictures(listing));
}

TEST_F(AddPart, ValidationPicturesAloneAreNotTheTestPictures) {
  for (const char* file : {"data/a/1.jpg", "data/b/1.jpg", "holdout/b/1.jpg", "holdout/a/1.jpg"})
    scratch_.write(file);
  Listing listing = list_folder(scratch_.path() / "data");
  add_part(listing, list_folder(scratch_.path() / "holdout"), Part::validation);
  EXPECT_FALSE(has_test_pictures(listing));
  EXPECT_EQ(parts_sentence(listing),
            "The validation pictures are given: 2 pictures for training and testing, 2 for validation");
}

TEST_F(AddPart, WhatDoesNotFitIsRefusedInWords) {
  for (const char* file : {"data/a/1.jpg", "data/b/1.jpg", "holdout/b/1.jpg", "holdout/x/1.jpg",
                           "split/train/a/1.jpg", "split/train/b/1.jpg", "split/test/a/1.jpg"}) {
    scratch_.write(file);
  }
  Listing listing = list_folder(scratch_.path() / "data");
  const Listing holdout = list_folder(scratch_.path() / "holdout");
  Listing split = list_folder(scratch_.path() / "split");
  EXPECT_THAT([&] { add_part(listing, holdout, Part::test); },
              ThrowsMessage<Error>(AllOf(HasSubstr("holdout holds a class"), HasSubstr("do not have: x"))));
  EXPECT_THAT([&] { add_part(listing, split, Part::validation); },
              ThrowsMessage<Error>(HasSubstr("is split into parts itself: name the folder")));
  scratch_.write("split.csv", "file,label,split\n1.jpg,a,train\n2.jpg,b,test\n");
  EXPECT_THAT([&] { add_part(listing, list_csv(scratch_.path() / "split.csv"), Part::test); },
              ThrowsMessage<Error>(HasSubstr("split.csv is split into parts itself: name a CSV")));
  EXPECT_THAT([&] { add_part(split, listing, Part::test); },
              ThrowsMessage<Error>(HasSubstr("has test pictures of its own")));
  EXPECT_THAT([&] { add_part(listing, listing, Part::train); },
              ThrowsMessage<Error>(HasSubstr("only validation")));
  EXPECT_EQ(listing.pictures.size(), 2u);
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
  expect_refused(scratch_.path(), marge.string() + ": Permission denied",
                 "make it readable, or move it out of");
  fs::permissions(marge, fs::perms::owner_all);
}

}  // namespace
}  // namespace bart
