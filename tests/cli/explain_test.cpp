#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "bart/pictures/decode.h"
#include "bart/platform/files.h"
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::MatchesRegex;

class ExplainDrawn : public DrawnFaces {
 protected:
  ExplainDrawn() : DrawnFaces(3, 4) {}

  void SetUp() override {
    DrawnFaces::SetUp();
    ASSERT_EQ(run_bart(here(), {"train", "faces", "--epochs", "0", "--image-size", "32", "--no-report"}).code,
              0);
    for (const auto& entry : fs::directory_iterator(here() / "faces"))
      classes_.push_back(entry.path().filename());
    std::sort(classes_.begin(), classes_.end());
    for (const auto& entry : fs::directory_iterator(here() / "faces" / classes_[0]))
      picture_ = std::max(picture_, entry.path());
  }
  BartResult explain(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "explain");
    return run_bart(here(), arguments);
  }

  std::vector<std::string> classes_;
  fs::path picture_;
};

TEST_F(ExplainDrawn, NamesThePicturesClassesAsPredictDoesAndDrawsThem) {
  const BartResult result = explain({picture_.string()});
  ASSERT_EQ(result.code, 0) << result.err;
  const BartResult predicted =
      run_bart(here(), {"predict", picture_.string(), "--format", "text", "--out", "-"});
  const std::string best = predicted.out.substr(predicted.out.find(": ") + 2);
  EXPECT_THAT(result.out, HasSubstr(": " + best.substr(0, best.find_first_of(" \n")) + " ("));
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '%'), 3);
  const DecodedPicture sheet = decode_picture(read_file(here() / "explained.png"));
  EXPECT_EQ(sheet.width, 4 * (320 + 12) + 12);
}

TEST_F(ExplainDrawn, ExplainsTheClassesThatAreNamed) {
  const BartResult result =
      explain({picture_.string(), "--class", classes_[2], "--class", classes_[0], "--out", "two.png"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out,
              MatchesRegex("[^:]+: " + classes_[2] + " \\([0-9.]+ %\\), " + classes_[0] + " .*\n"));
  const BartResult unknown = explain({picture_.string(), "--class", "batman"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("batman is not a class of BART-10M.pth"));
}

TEST_F(ExplainDrawn, AFolderIsOneContactSheetWithoutItsBrokenFiles) {
  std::ofstream(here() / "faces" / classes_[1] / "broken.jpg") << "no picture";
  const BartResult result = explain({"faces", "--recursive", "--out", "sheet.png"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 12);
  EXPECT_THAT(result.err, HasSubstr("broken.jpg"));
  EXPECT_EQ(decode_picture(read_file(here() / "sheet.png")).width, 8 * (176 + 6) + 6);
  EXPECT_EQ(result.err.find("lies in"), std::string::npos);
  EXPECT_THAT(explain({"faces", "--recursive", "--out", "faces/sheet.png"}).err,
              HasSubstr("faces/sheet.png lies in faces: whoever reads the pictures there"));
  fs::remove(here() / "faces/sheet.png");
  const BartResult few = explain({"faces", "--recursive", "--most", "5"});
  EXPECT_EQ(std::count(few.out.begin(), few.out.end(), '\n'), 5);
  EXPECT_THAT(few.err, HasSubstr("Explained 5 of 13 pictures"));
}

TEST_F(ExplainDrawn, ABrokenPictureAloneIsAnError) {
  std::ofstream(here() / "broken.jpg") << "no picture";
  const BartResult result = explain({"broken.jpg"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("broken.jpg: "));
  EXPECT_FALSE(fs::exists(here() / "explained.png"));
}

}  // namespace
}  // namespace bart
