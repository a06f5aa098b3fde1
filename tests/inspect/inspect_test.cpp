#include "bart/inspect/inspect.h"

#include <gmock/gmock.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/inspect/report.h"
#include "bart/platform/error.h"
#include "bart/platform/share_out.h"
#include "planted_data_set.h"
#include "thread_group.h"

namespace bart {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

std::string ppm_text(const Picture& picture, const std::string& comment) {
  return "P6\n" + comment + std::to_string(picture.width) + " " + std::to_string(picture.height) + "\n255\n" +
         std::string(picture.pixels.begin(), picture.pixels.end());
}

class InspectPlanted : public testing::Test {
 protected:
  void SetUp() override { test::plant_data_set(folder_); }
  Inspection inspect(const InspectOptions& options = {}) {
    return inspect_pictures(list_folder(folder_.path()), options);
  }
  test::ScratchFolder folder_;
};

std::vector<std::string> files_of(const Inspection& inspection, const DuplicateGroup& group) {
  std::vector<std::string> files;
  for (const std::uint32_t i : group.pictures) files.push_back(inspection.pictures[i].file);
  return files;
}

TEST_F(InspectPlanted, ProcessesTogetherFindWhatOneFinds) {
  const std::string alone = inspection_json(inspect()), page = inspection_page(inspect());
  for (const int processes : {1, 2, 3, 32}) {  // the last ones have no picture
    SCOPED_TRACE(processes);
    std::vector<Inspection> found(static_cast<std::size_t>(processes));
    std::atomic<std::size_t> calls = 0, last = 0;
    test::play(processes, [&](Group& group) {
      found[static_cast<std::size_t>(group.rank())] = inspect_pictures(
          list_folder(folder_.path()), {},
          [&](std::size_t done, std::size_t total) {
            ++calls;
            last = done == total ? done : 0;
          },
          &group);
    });
    EXPECT_EQ(inspection_json(found[0]), alone);
    EXPECT_EQ(inspection_page(found[0]), page);
    EXPECT_GT(calls, 0u);
    EXPECT_EQ(last, 18u);
    for (int rank = 1; rank < processes; ++rank) {
      EXPECT_THAT(found[static_cast<std::size_t>(rank)].pictures, IsEmpty());
    }
  }
}

TEST_F(InspectPlanted, AProcessWithAnotherDataSetEndsAll) {
  std::vector<std::string> errors(2);
  test::play(2, [&](Group& group) {
    Listing listing = list_folder(folder_.path());
    if (group.rank() == 1) listing.pictures.pop_back();
    std::string& error = errors[static_cast<std::size_t>(group.rank())];
    try {
      inspect_pictures(listing, {}, {}, &group);
    } catch (const EndedByAnother&) {
      error = "by another";
    } catch (const Error& why) {
      error = why.what();
      EXPECT_TRUE(speaks_for_all(group));
    }
  });
  EXPECT_THAT(errors, ElementsAre("by another", HasSubstr("other pictures than process 0")));
}

TEST_F(InspectPlanted, FactsOfEachClass) {
  const Inspection inspection = inspect();
  ASSERT_EQ(inspection.classes.size(), 2u);
  const InspectedClass& apple = inspection.classes[0];
  EXPECT_EQ(apple.name, "apple");
  EXPECT_EQ(apple.pictures, 8u);
  EXPECT_EQ(apple.unreadable, 0u);
  EXPECT_THAT(apple.formats, ElementsAre(Pair("JPEG", 8u)));
  EXPECT_THAT(apple.sizes, ElementsAre(Pair(240, 320)));
  const InspectedClass& banana = inspection.classes[1];
  EXPECT_EQ(banana.pictures, 8u);
  EXPECT_EQ(banana.unreadable, 2u);
  EXPECT_THAT(banana.formats, ElementsAre(Pair("JPEG", 7u), Pair("PPM", 1u)));
  EXPECT_THAT(banana.modes, ElementsAre(Pair("L", 1u), Pair("RGB", 7u)));
  EXPECT_THAT(banana.sizes, ElementsAre(Pair(30, 40), Pair(200, 256), Pair(300, 200)));
  EXPECT_EQ(inspection.sizes.size(), 4u);
}

TEST_F(InspectPlanted, UnreadableFilesHaveTheReasonOfTraining) {
  const Inspection inspection = inspect();
  const LoadedPictures loaded = load_pictures(list_folder(folder_.path()), {.max_skipped_share = 1});
  ASSERT_EQ(inspection.unreadable.size(), 2u);
  ASSERT_EQ(loaded.skipped.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(inspection.unreadable[i].file, loaded.skipped[i].file);
    EXPECT_EQ(inspection.unreadable[i].reason, loaded.skipped[i].reason);
  }
}

TEST_F(InspectPlanted, CopiesEqualPixelsAndNearDuplicatesAreTold) {
  const Inspection inspection = inspect();
  ASSERT_EQ(inspection.same_bytes.size(), 1u);
  EXPECT_THAT(files_of(inspection, inspection.same_bytes[0]), ElementsAre("apple/1.jpg", "apple/copy.jpg"));
  ASSERT_EQ(inspection.same_pixels.size(), 1u);
  EXPECT_THAT(files_of(inspection, inspection.same_pixels[0]),
              ElementsAre("apple/2.jpg", "apple/comment.jpg"));
  ASSERT_EQ(inspection.near_duplicates.size(), 3u);
  EXPECT_THAT(files_of(inspection, inspection.near_duplicates[0]),
              ElementsAre("apple/3.jpg", "banana/near.jpg"));
  EXPECT_TRUE(inspection.near_duplicates[0].across_classes);
  EXPECT_FALSE(inspection.near_duplicates[1].across_classes);
  EXPECT_EQ(inspection.classes[0].near_duplicates, 5u);
  EXPECT_EQ(inspection.classes[1].near_duplicates, 1u);
}

TEST_F(InspectPlanted, TheLeakIsThatOfTheTrainingsSplit) {
  std::size_t leaks = 0;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const Inspection inspection = inspect({.test_size = 0.25, .seed = seed});
    const auto n = static_cast<std::uint32_t>(inspection.pictures.size());
    std::vector<bool> test(n, false);
    for (const std::uint32_t i : train_test_split(n, 0.25, seed).test) test[i] = true;
    for (std::uint32_t i = 0; i < n; ++i) EXPECT_EQ(inspection.pictures[i].side == Part::test, test[i]);
    // Every planted group is a pair, so one picture on the test side is a leak.
    std::size_t expected = 0;
    for (const DuplicateGroup& group : inspection.near_duplicates) {
      const bool across = test[group.pictures[0]] != test[group.pictures[1]];
      EXPECT_EQ(group.across_split, across);
      expected += across;
    }
    EXPECT_EQ(inspection.leaking_test_pictures, expected);
    leaks += expected;
  }
  EXPECT_GT(leaks, 0u);
}

TEST_F(InspectPlanted, AFewPixelsOfDifferenceAreOtherPixels) {
  // Small copies of these four are equal: one pixel is another by one level.
  Picture first = test::drawn_scene(30, 640, 480), second = first;
  second.pixels[300'000] ^= 1;
  for (int i = 0; i < 2; ++i) {
    const std::string comment = "# " + std::to_string(i) + "\n";
    folder_.write("apple/first" + std::to_string(i) + ".ppm", ppm_text(first, comment));
    folder_.write("banana/second" + std::to_string(i) + ".ppm", ppm_text(second, comment));
  }
  const Inspection inspection = inspect();
  ASSERT_EQ(inspection.same_pixels.size(), 3u);
  std::vector<std::vector<std::string>> groups;
  for (const DuplicateGroup& group : inspection.same_pixels) groups.push_back(files_of(inspection, group));
  EXPECT_THAT(groups, UnorderedElementsAre(ElementsAre("apple/2.jpg", "apple/comment.jpg"),
                                           ElementsAre("apple/first0.ppm", "apple/first1.ppm"),
                                           ElementsAre("banana/second0.ppm", "banana/second1.ppm")));
  EXPECT_EQ(inspection.same_bytes.size(), 1u);
}

TEST(Inspect, ADataSetsOwnSplitIsTheOneThatLeaks) {
  const test::ScratchFolder folder;
  for (std::uint32_t k = 1; k <= 3; ++k) {
    folder.write("train/apple/" + std::to_string(k) + ".jpg", test::jpeg_text(test::drawn_scene(k)));
    folder.write("train/banana/" + std::to_string(k) + ".jpg", test::jpeg_text(test::drawn_scene(10 + k)));
  }
  folder.write("val/apple/1.jpg", test::jpeg_text(test::drawn_scene(20)));
  folder.write("val/banana/leak.jpg", test::jpeg_text(test::drawn_scene(12), 60));
  folder.write("test/apple/leak.jpg", test::jpeg_text(test::drawn_scene(2), 60));
  const Inspection inspection = inspect_pictures(list_folder(folder.path()), {});
  EXPECT_TRUE(inspection.own_split);
  EXPECT_EQ(inspection.test_pictures, 1u);
  EXPECT_EQ(inspection.validation_pictures, 2u);
  EXPECT_EQ(inspection.leaking_test_pictures, 1u);
  EXPECT_EQ(inspection.leaking_validation_pictures, 1u);
  EXPECT_EQ(inspection.classes[0].pictures, 5u);
  EXPECT_EQ(inspection.classes[0].test, 1u);
  EXPECT_EQ(inspection.classes[1].validation, 2u - 1u);
  const std::string text = inspection_text(inspection), page = inspection_page(inspection);
  for (const std::string& told : {text, page}) {
    EXPECT_THAT(told, HasSubstr("2 of"));
    EXPECT_THAT(told, HasSubstr("1 test and 2 validation pictures"));
    EXPECT_THAT(told, HasSubstr("the data set's own split"));
  }
  const auto json = nlohmann::json::parse(inspection_json(inspection));
  EXPECT_EQ(json["split"]["own"], true);
  EXPECT_EQ(json["split"]["seed"], nullptr);
  EXPECT_EQ(json["split"]["leaking_validation_pictures"], 1);
}

TEST(Inspect, SaysThatTrainingStopsWhereTheDataSetsOwnSplitLeavesItNoPicture) {
  const test::ScratchFolder folder;
  for (const char* file : {"val/apple/1.jpg", "val/banana/2.jpg", "test/apple/3.jpg", "test/banana/4.jpg"})
    folder.write(
        file,
        test::jpeg_text(test::drawn_scene(static_cast<std::uint32_t>(file[std::string(file).size() - 5]))));
  const Inspection inspection = inspect_pictures(list_folder(folder.path()), {});
  for (const std::string& told : {inspection_text(inspection), inspection_page(inspection)})
    EXPECT_THAT(
        told,
        HasSubstr("There are no pictures for training, only for validation or testing: bart train stops"));
  EXPECT_THAT(inspection_text(inspection), Not(HasSubstr("No leak")));
}

TEST_F(InspectPlanted, ATestSizeOfZeroIsATrainingOnEverything) {
  const Inspection inspection = inspect({.test_size = 0});
  EXPECT_EQ(inspection.test_pictures, 0u);
  EXPECT_THAT(inspection_text(inspection), HasSubstr("There are no test pictures"));
}

TEST_F(InspectPlanted, ThreadsDoNotChangeTheResult) {
  const Inspection one = inspect({.threads = 1}), four = inspect({.threads = 4});
  ASSERT_EQ(one.pictures.size(), four.pictures.size());
  for (std::size_t i = 0; i < one.pictures.size(); ++i) {
    EXPECT_EQ(one.pictures[i].file, four.pictures[i].file);
    EXPECT_EQ(one.pictures[i].bytes, four.pictures[i].bytes);
  }
  EXPECT_EQ(one.near_duplicates.size(), four.near_duplicates.size());
}

TEST(Inspect, AFolderWithoutAnyReadablePictureIsToldAsSuch) {
  const test::ScratchFolder folder;
  folder.write("apple/1.jpg", "x");
  folder.write("banana/1.jpg", "x");
  const Inspection inspection = inspect_pictures(list_folder(folder.path()), {});
  EXPECT_THAT(inspection.pictures, IsEmpty());
  EXPECT_EQ(inspection.unreadable.size(), 2u);
}

TEST(PathWithName, EndsWithTheNameOfTheFolder) {
  const test::ScratchFolder scratch;
  const std::filesystem::path folder = std::filesystem::canonical(scratch.path());
  EXPECT_EQ(path_with_name("faces"), "faces");
  EXPECT_EQ(path_with_name("some/faces/"), "some/faces");
  EXPECT_EQ(path_with_name("/"), "/");
  EXPECT_EQ(path_with_name("nothing/.."), "nothing/..");
  EXPECT_EQ(path_with_name(folder / "."), folder);
  scratch.write("faces/a.png");
  EXPECT_EQ(path_with_name(folder / "faces/../"), folder);
}

}  // namespace
}  // namespace bart
