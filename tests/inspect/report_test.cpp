#include "bart/inspect/report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "bart/inspect/thumbnail.h"
#include "bart/platform/error.h"
#include "planted_data_set.h"

namespace bart {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Report : public testing::Test {
 protected:
  void SetUp() override {
    test::plant_data_set(folder_);
    inspection_ = inspect_pictures(list_folder(folder_.path()), {});
  }
  test::ScratchFolder folder_;
  Inspection inspection_;
};

int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST_F(Report, TextNamesEveryFindingOnce) {
  const std::string text = inspection_text(inspection_);
  EXPECT_THAT(text, HasSubstr("16 pictures in 2 classes"));
  EXPECT_THAT(text, HasSubstr("There are 4 different sizes for images\n"
                              "Different shapes found: [(30, 40, 3), (300, 200, 3)]\n"));
  EXPECT_THAT(text, HasSubstr("apple/1.jpg, apple/copy.jpg"));
  EXPECT_THAT(text, HasSubstr("apple/3.jpg, banana/near.jpg  [across classes]"));
  EXPECT_THAT(text, HasSubstr("banana/grey.pgm: L\n"));
  EXPECT_THAT(
      text,
      HasSubstr("Unreadable (2), more than 5 % of all, at which bart train stops:\n  banana/broken.jpg: "));
}

TEST_F(Report, SaysThatTrainingStopsAtTooManyUnreadableFiles) {
  Inspection one = inspection_;
  for (auto& in : one.classes) in.pictures = 40;
  one.unreadable.resize(1);
  one.pictures.resize(80, one.pictures.front());
  EXPECT_THAT(inspection_text(one), HasSubstr("Unreadable (1), which bart train skips:"));
  one.classes[1].pictures = 0;
  EXPECT_THAT(inspection_text(one),
              HasSubstr("Unreadable (1), and bart train stops, as no picture of the class "
                        "banana can be used:"));
}

TEST_F(Report, TablesFitTheTerminal) {
  const std::string whole = inspection_text(inspection_);
  EXPECT_THAT(whole, HasSubstr("near dup.  unreadable  formats"));
  for (const std::size_t columns : {40u, 60u}) {
    std::istringstream lines(inspection_text(inspection_, columns));
    bool in_table = false;
    std::size_t rows = 0;
    for (std::string line; std::getline(lines, line);) {
      in_table =
          line.starts_with("  class") || line.starts_with("  duplicates") || (in_table && !line.empty());
      if (!in_table) continue;
      ++rows;
      EXPECT_LE(line.size(), columns) << line;
    }
    EXPECT_EQ(rows, 7u);  // two headings, two classes, three kinds of duplicates
  }
}

TEST_F(Report, TextHasNoTerminalControlsOfFileNames) {
  inspection_.unreadable = {{"apple/\x1b[31m\xff\xc2\x9b.jpg", "no picture"}};
  const std::string text = inspection_text(inspection_);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("apple/\xEF\xBF\xBD[31m\xEF\xBF\xBD\xEF\xBF\xBD.jpg"));
}

TEST_F(Report, JsonHoldsTheSameFacts) {
  const auto json = nlohmann::json::parse(inspection_json(inspection_));
  EXPECT_EQ(json["pictures"], 16);
  EXPECT_EQ(json["classes"][1]["formats"]["PPM"], 1);
  EXPECT_EQ(json["sizes"]["largest"], nlohmann::json({300, 200, 3}));
  EXPECT_EQ(json["same_bytes"][0]["pictures"][1]["file"], "apple/copy.jpg");
  EXPECT_EQ(json["near_duplicates"].size(), 3u);
  EXPECT_EQ(json["converted"][0]["mode"], "L");
  EXPECT_EQ(json["unreadable"].size(), 2u);
  EXPECT_EQ(json["split"]["test_pictures"], 4);
}

TEST_F(Report, JsonOfNamesThatAreNoUtf8IsStillJson) {
  inspection_.unreadable = {{"apple/\xff.jpg", "no picture"}};
  EXPECT_TRUE(nlohmann::json::accept(inspection_json(inspection_)));
}

TEST_F(Report, PageIsSelfContainedAndShowsWhatWasFound) {
  const std::string page = inspection_page(inspection_);
  EXPECT_THAT(page, AllOf(HasSubstr("<html lang=\"en\">"), HasSubstr("prefers-color-scheme:dark")));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_EQ(count(page, "src="), count(page, "src=\"data:"));
  EXPECT_EQ(count(page, "href=") + count(page, "url("), 0);
  // 6 + 2 apples and 8 bananas as samples (at most 8 a class), and 3 kinds with 1, 1 and 3 pairs.
  EXPECT_EQ(count(page, "<img src=\"data:image/jpeg;base64,"), 16 + 2 * 5);
  EXPECT_EQ(count(page, " alt=\"") - count(page, " alt=\"\""), 16 + 2 * 5);
  EXPECT_EQ(count(page, "<th scope=\"row\">apple</th>"), 1);
  EXPECT_THAT(page, HasSubstr("banana/<wbr>text&lt;b&gt;.jpg"));
  EXPECT_THAT(page, Not(HasSubstr("text<b>")));
}

TEST_F(Report, APictureThatIsGoneLeavesItsName) {
  std::filesystem::remove(folder_.path() / "apple/4.jpg");
  EXPECT_THAT(inspection_page(inspection_), HasSubstr("apple/4.jpg is gone"));
}

TEST(EmptyReport, OfAFolderWithoutReadablePicturesIsWhole) {
  const test::ScratchFolder folder;
  folder.write("apple/1.jpg", "x");
  folder.write("banana/1.jpg", "x");
  const Inspection inspection = inspect_pictures(list_folder(folder.path()), {});
  EXPECT_THAT(inspection_text(inspection), HasSubstr("0 pictures in 2 classes"));
  EXPECT_THAT(inspection_page(inspection), HasSubstr("</html>"));
  EXPECT_TRUE(nlohmann::json::accept(inspection_json(inspection)));
}

TEST(ReportOfWhatDoesNotFit, IsRefused) {
  Inspection one;
  one.folder = "faces";
  one.classes.resize(1);
  one.pictures.resize(1);
  Inspection label = one, group = one, empty = one;
  label.pictures[0].label = 3;
  group.same_bytes = {{{0, 99}}};
  empty.near_duplicates = {{}};
  for (const Inspection* bad : {&label, &group, &empty}) {
    EXPECT_THROW(inspection_text(*bad), Error);
    EXPECT_THROW(inspection_json(*bad), Error);
    EXPECT_THROW(inspection_page(*bad), Error);
  }
  EXPECT_THROW(read_thumbnails(one, {1}, 10, 10, {}), Error);
}

}  // namespace
}  // namespace bart
