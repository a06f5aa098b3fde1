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
using testing::Not;
using testing::ThrowsMessage;

/// Folders of which some are read as classes and may be meant as something else.
class Layout : public testing::Test {
 protected:
  /// The listing of a new folder with these files.
  Listing list(const std::vector<std::string>& files) {
    folder_ = scratch_.path() / std::to_string(folders_++);
    for (const std::string& file : files) scratch_.write(folder_.filename().string() + "/" + file);
    return list_folder(folder_);
  }
  void expect_refused(const std::vector<std::string>& files, const std::string& words,
                      const std::string& advice) {
    EXPECT_THAT([&] { list(files); }, ThrowsMessage<Error>(AllOf(HasSubstr(words), HasSubstr(advice))))
        << files.front();
  }

  test::ScratchFolder scratch_;
  fs::path folder_;
  int folders_ = 0;
};

TEST_F(Layout, PartsInFoldersOfTheirOwnNameAreRefused) {
  expect_refused({"seg_train/seg_train/a/1.jpg", "seg_train/seg_train/b/1.jpg", "seg_test/seg_test/a/1.jpg",
                  "seg_test/seg_test/b/1.jpg", "seg_pred/seg_pred/1.jpg"},
                 "seg_train, seg_test of ", "/seg_train/seg_train does with a, b: name that folder");
  expect_refused({"asl_train/asl_train/a/1.jpg", "asl_train/asl_train/b/1.jpg", "asl_test/asl_test/1.jpg",
                  "asl_test/asl_test/2.jpg"},
                 "the folders asl_train of ", "/asl_train/asl_train does with a, b: name that folder");
  expect_refused({"data-001/data/a/1.jpg", "data-001/data/b/1.jpg", "data-002/data/a/2.jpg"},
                 "the folders data-001, data-002 of ", "merge the folders data in them into one");
  expect_refused({"data (1)/data/a/1.jpg", "data (1)/data/b/1.jpg", "data/data/a/2.jpg"},
                 "the folders data, data (1) of ", "merge the folders data in them into one");
  // Classes whose names begin like the folder that each of them holds.
  for (const std::string inner : {"1", "s"}) {
    std::vector<std::string> files;
    for (const char* number : {"0", "1", "2"}) {
      for (const char* camera : {"/camA/1.jpg", "/camB/1.jpg"})
        files.push_back(inner + number + "/" + inner + camera);
    }
    EXPECT_THAT(list(files).classes, ElementsAre(inner + "0", inner + "1", inner + "2"));
  }
  // Archives of one class each.
  EXPECT_THAT(list({"cat/cat/1.jpg", "dog/dog/1.jpg"}).warnings, IsEmpty());
  EXPECT_THAT(list({"cat/cat/new/1.jpg", "dog/dog/1.jpg", "dog/dog/old/2.jpg"}).warnings, IsEmpty());
}

TEST_F(Layout, TrainBesidePicturesWithoutClassesIsTheSplit) {
  for (const std::string flat : {"test_images", "test1", "unlabelled", "pred"}) {
    const Listing listing =
        list({"train/a/1.jpg", "train/b/1.jpg", "train/cover.jpg", flat + "/1.jpg", "notes/old/1.txt"});
    EXPECT_THAT(listing.classes, ElementsAre("a", "b"));
    ASSERT_EQ(listing.pictures.size(), 2u);
    EXPECT_EQ(listing.pictures.front().file, "train/a/1.jpg");
    EXPECT_EQ(listing.pictures.front().part, Part::train);
    EXPECT_THAT(listing.warnings, ElementsAre(AllOf(HasSubstr(flat + " in " + folder_.string()),
                                                    HasSubstr("if train is a class, rename it")),
                                              HasSubstr("1 picture beside the class folders in")));
  }
  const Listing parts = list({"train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg", "val/b/1.jpg", "x/1.jpg"});
  EXPECT_EQ(parts.pictures.size(), 4u);
  EXPECT_THAT(parts.warnings, ElementsAre(HasSubstr("x in ")));
  // The pictures that links in the class folders lead to are not those of a class.
  list({"train/a/1.jpg", "train/b/1.jpg", "all/2.jpg"});
  fs::create_symlink("../../all/2.jpg", folder_ / "train" / "a" / "2.jpg");
  EXPECT_EQ(list_folder(folder_).pictures.size(), 3u);
  // A vehicle beside others.
  const Listing vehicles =
      list({"train/1.jpg", "train/2.jpg", "train/steam/1.jpg", "train/new/1.jpg", "bus/1.jpg", "tram/1.jpg"});
  EXPECT_THAT(vehicles.classes, ElementsAre("bus", "train", "tram"));
  EXPECT_THAT(list({"train/steam/1.jpg", "bus/1.jpg"}).classes, ElementsAre("bus", "train"));
}

TEST_F(Layout, TrainBesideSeveralClassesWithoutFoldersIsAClass) {
  const std::vector<std::string> train = {"train/red/1.jpg", "train/blue/1.jpg"};
  const auto list_beside = [&](std::vector<std::string> files) {
    files.insert(files.end(), train.begin(), train.end());
    return list(files);
  };
  const Listing vehicles = list_beside({"bus/1.jpg", "car/1.jpg", "plane/1.jpg"});
  EXPECT_THAT(vehicles.classes, ElementsAre("bus", "car", "plane", "train"));
  EXPECT_EQ(vehicles.pictures.size(), 5u);
  EXPECT_FALSE(has_parts(vehicles));
  EXPECT_THAT(vehicles.warnings, ElementsAre(AllOf(HasSubstr("/train is named like a part of a split, and is "
                                                             "read as one class with all that it holds"),
                                                   HasSubstr("/train alone"))));
  EXPECT_THAT(list_beside({"bus/1.jpg", "predators/1.jpg", "pred/1.jpg"}).classes,
              ElementsAre("bus", "pred", "predators", "train"));
  // One folder, those that are named as unlabelled or like a part, and those without pictures.
  EXPECT_THAT(list_beside({"bus/1.jpg"}).classes, ElementsAre("blue", "red"));
  EXPECT_THAT(list_beside({"bus/1.jpg", "test_images/1.jpg", "pred/1.jpg", "unlabeled/1.jpg",
                           "unlabelled/1.jpg", "samples/1.jpg", "Predictions2/1.jpg"})
                  .classes,
              ElementsAre("blue", "red"));
  EXPECT_THAT(list_beside({"bus/1.jpg", "annotations/1.xml", "notes/1.txt"}).classes,
              ElementsAre("blue", "red"));
}

TEST_F(Layout, PartsUnderUnknownNamesAreAWarningBesideStrayPicturesToo) {
  const std::vector<std::string> parts = {"train_set/a/1.jpg", "train_set/b/1.jpg", "test_set/a/1.jpg",
                                          "test_set/b/1.jpg"};
  const auto expect_warning = [&](std::vector<std::string> files, const std::string& more) {
    files.insert(files.end(), parts.begin(), parts.end());
    files.push_back(more);
    EXPECT_THAT(list(files).warnings,
                ElementsAre(AllOf(HasSubstr("test_set, train_set of "), HasSubstr("are read as classes"),
                                  HasSubstr("name the parts train, val and test"))))
        << more;
  };
  for (const char* more : {"train_set/cover.jpg", "pred/1.jpg", "more/c/1.jpg", "more/deep/er/1.jpg"})
    expect_warning({}, more);
  EXPECT_THAT(
      list({"batch-1/data/a/1.jpg", "batch-1/data/b/1.jpg", "old/data/a/1.jpg", "old/data/b/1.jpg"}).warnings,
      ElementsAre(HasSubstr("batch-1, old of ")));
  // Parts of which only one has class folders are known by their names alone.
  EXPECT_THAT(
      list({"train_set/a/1.jpg", "train_set/b/1.jpg", "more/1.jpg"}).warnings,
      ElementsAre(AllOf(HasSubstr("is named like a part of a split"), HasSubstr("/train_set alone"))));
}

TEST_F(Layout, FlatPartsUnderUnknownNamesAreAWarning) {
  const auto expect_warning = [&](const std::vector<std::string>& folders, const std::string& names) {
    std::vector<std::string> files;
    for (const std::string& one : folders) files.push_back(one + "/1.jpg");
    const Listing listing = list(files);
    EXPECT_EQ(listing.classes.size(), folders.size());
    EXPECT_THAT(listing.warnings,
                ElementsAre(AllOf(HasSubstr("The folders " + names + " of " + folder_.string()),
                                  HasSubstr("look like parts of a split and are read as classes"))))
        << names;
  };
  expect_warning({"train_images", "test_images"}, "test_images, train_images");
  expect_warning({"train", "test1"}, "test1, train");
  expect_warning({"train_set", "val_set", "test_set"}, "test_set, train_set, val_set");
  expect_warning({"Training", "PublicTest"}, "PublicTest, Training");
  expect_warning({"val_images", "test_images"}, "test_images, val_images");
  expect_warning({"train_images/train_images", "test_images/test_images"}, "test_images, train_images");
  expect_warning({"cat", "dog", "train-2", "test-2"}, "test-2, train-2");
  for (const auto& [one, other] :
       {std::pair{"train", "bus"}, {"test_tube", "beaker"}, {"train_station", "train_yard"}}) {
    EXPECT_THAT(list({one + std::string("/1.jpg"), other + std::string("/1.jpg")}).warnings, IsEmpty())
        << one;
  }
}

TEST_F(Layout, ClassFoldersInOneFolderBesideAFlatPartAreAWarning) {
  const std::vector<std::string> classes = {"simp/a/1.jpg", "simp/b/1.jpg", "simp/c/1.jpg"};
  const auto warnings_beside = [&](std::vector<std::string> files) {
    files.insert(files.end(), classes.begin(), classes.end());
    return list(files).warnings;
  };
  for (const std::string flat :
       {"testset", "kaggle_simpson_testset", "kaggle_simpson_testset/kaggle_simpson_testset"}) {
    EXPECT_THAT(warnings_beside({flat + "/1.jpg"}),
                ElementsAre(AllOf(HasSubstr("/simp is read as one class with all that it holds, a, b, c"),
                                  HasSubstr("beside " + flat.substr(0, flat.find('/')) + ", which is named"),
                                  HasSubstr("/simp alone"))))
        << flat;
  }
  EXPECT_THAT(warnings_beside({"testset/1.jpg", "val_set/1.jpg"}),
              ElementsAre(HasSubstr("beside testset, val_set, which are named")));
  EXPECT_THAT(warnings_beside({"more/1.jpg"}), IsEmpty());
  EXPECT_THAT(warnings_beside({"more/1.jpg", "testset/1.jpg"}), IsEmpty());
}

TEST_F(Layout, PartsWithinAClassAreAWarningBesideStrayPicturesToo) {
  const std::vector<std::string> parts = {"a/train/1.jpg", "a/test/1.jpg", "b/train/1.jpg", "b/test/1.jpg"};
  for (const char* more : {"a/1.jpg", "c/1.jpg", "b/extra/1.jpg"}) {
    std::vector<std::string> files = parts;
    files.push_back(more);
    EXPECT_THAT(list(files).warnings,
                ElementsAre(AllOf(HasSubstr("The class folders a, b of "), HasSubstr("split anew"))))
        << more;
  }
  EXPECT_THAT(list({"data/train/a/1.jpg", "data/test/a/1.jpg", "sample/1.jpg"}).warnings,
              ElementsAre(AllOf(HasSubstr("holds the folders test, train"), HasSubstr("/data alone"))));
}

TEST_F(Layout, ADataSetThatHoldsItselfIsRefused) {
  expect_refused({"a/1.jpg", "b/1.jpg", "D/a/1.jpg", "D/b/1.jpg"}, "/D holds folders of the names of the",
                 "move it elsewhere or name");
  expect_refused({"a/1.jpg", "b/1.jpg", "c/1.jpg", "D/D/a/1.jpg", "D/D/b/1.jpg", "D/D/c/1.jpg", "D/1.jpg"},
                 "/D/D holds folders of the names of the other classes, a, b, c", "in a CSV");
  expect_refused({"a/1.jpg", "b/1.jpg", "train/a/1.jpg", "train/b/1.jpg"}, "/train holds folders",
                 "move it elsewhere");
  expect_refused({"train/a/1.jpg", "train/b/1.jpg", "train/train/a/1.jpg", "train/train/b/1.jpg",
                  "test/a/1.jpg", "test/b/1.jpg"},
                 "/train/train holds folders", "move it elsewhere");
  const Listing some = list({"a/1.jpg", "b/1.jpg", "c/1.jpg", "D/a/1.jpg", "D/b/1.jpg"});
  EXPECT_THAT(some.classes, ElementsAre("D", "a", "b", "c"));
  EXPECT_THAT(some.warnings, ElementsAre(AllOf(HasSubstr("of the names of other classes, a, b"),
                                               HasSubstr("read as the class D"))));
  EXPECT_THAT(list({"a/1.jpg", "b/1.jpg", "b/a/1.jpg"}).warnings, IsEmpty());
}

TEST_F(Layout, FoldersWithinAClassAreOneClass) {
  const Listing batches = list({"a/batch1/1.jpg", "a/batch2/1.jpg", "b/batch1/1.jpg", "b/batch2/1.jpg"});
  EXPECT_THAT(batches.classes, ElementsAre("a", "b"));
  EXPECT_EQ(batches.pictures.size(), 4u);
  EXPECT_THAT(batches.warnings, Not(IsEmpty()));  // they may be classes, too
  EXPECT_THAT(list({"a/1.jpg", "a/2.jpg", "a/batch1/1.jpg", "a/batch2/1.jpg", "b/1.jpg", "b/2.jpg",
                    "b/batch1/1.jpg", "b/batch2/1.jpg"})
                  .warnings,
              IsEmpty());
  EXPECT_THAT(list({"a/images/1.jpg", "b/images/1.jpg", "c/images/2.jpg"}).warnings, IsEmpty());
  EXPECT_THAT(list({"a/batch2/1.jpg", "b/1.jpg", "b/2019/1.jpg", "b/2020/1.jpg"}).warnings, IsEmpty());
}

}  // namespace
}  // namespace bart
