// Inspection and the splits through the program, on drawn pictures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bart/pictures/decode.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/pictures/resize.h"
#include "bart/platform/files.h"
#include "run_bart.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class InspectDrawn : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run_bart(here(), {"sample", "faces", "--classes", "3", "--per-class", "10"}).code, 0);
    const fs::path faces = here() / "faces";
    std::vector<fs::path> classes;
    for (const auto& entry : fs::directory_iterator(faces)) classes.push_back(entry.path());
    std::ranges::sort(classes);
    const fs::path first = *fs::directory_iterator(classes[0]);
    fs::copy_file(first, classes[0] / "copy.jpg");
    const Picture picture = decode_picture(read_file(first)).picture;
    write_file(classes[1] / "near.jpg",
               encode_jpeg(resize_picture(picture, picture.width * 3 / 4, picture.height * 3 / 4), 50));
    write_file(classes[2] / "broken.jpg", std::string_view("\xFF\xD8\xFF and no more"));
  }
  const fs::path& here() const { return scratch_.path(); }
  BartResult train(const std::string& split) {
    return run_bart(here(), {"train", "faces", "--split", split, "--epochs", "0", "--image-size", "32"});
  }
  ScratchFolder scratch_;
};

TEST_F(InspectDrawn, TablesTellOfPlantedFiles) {
  const BartResult result = run_bart(here(), {"inspect", "faces"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("faces: 32 pictures in 3 classes"), HasSubstr("/copy.jpg"),
                                HasSubstr("/near.jpg  [across classes]"), HasSubstr("/broken.jpg: ")));
}

TEST_F(InspectDrawn, JsonIsTheWholeOfStdout) {
  const BartResult result =
      run_bart(here(), {"inspect", "faces", "--json", "--seed", "3", "--test-size", "0.25"});
  ASSERT_EQ(result.code, 0) << result.err;
  const json inspection = json::parse(result.out);
  EXPECT_EQ(inspection["same_bytes"].size(), 1u);
  EXPECT_EQ(inspection["split"]["seed"], 3);
  EXPECT_EQ(inspection["split"]["test_pictures"], 8);
}

TEST_F(InspectDrawn, ThePageIsWritten) {
  const BartResult result = run_bart(here(), {"inspect", "faces", "--html", "faces.html"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(file_text(here() / "faces.html"), AllOf(HasSubstr("</html>"), Not(HasSubstr("http"))));
}

TEST_F(InspectDrawn, BadFlagsAndFoldersAreRefusedInOneSentence) {
  EXPECT_EQ(run_bart(here(), {"inspect", "faces", "--test-size", "1.5"}).code, 2);
  EXPECT_EQ(run_bart(here(), {"inspect", "faces", "--seed", "-1"}).code, 2);
  const BartResult missing = run_bart(here(), {"inspect", "nowhere"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("nowhere does not exist"));
  EXPECT_EQ(run_bart(here(), {"inspect", "faces", "--html", "no/such/folder.html"}).code, 1);
}

TEST_F(InspectDrawn, TrainRecordsTheSplit) {
  for (const std::string split : {"original", "stratified", "grouped"}) {
    const BartResult result = train(split);
    ASSERT_EQ(result.code, 0) << result.err;
    const json run = json::parse(file_text(here() / "bart-run" / "run.json"));
    EXPECT_EQ(run["options"]["split"], split);
    EXPECT_EQ(run["data"]["test"], 7);  // ceil(0.2 * 32)
  }
  EXPECT_EQ(train("sorted").code, 2);
}

TEST_F(InspectDrawn, StratifiedTrainingRefusesAClassOfOnePicture) {
  const fs::path some_class = *fs::directory_iterator(here() / "faces");
  fs::create_directory(here() / "faces" / "zoe");
  fs::copy_file(*fs::directory_iterator(some_class), here() / "faces" / "zoe" / "only.jpg");
  const BartResult result = train("stratified");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("zoe"));
}

TEST_F(InspectDrawn, GroupedTrainingRefusesASetOfCopies) {
  const fs::path picture = *fs::directory_iterator(fs::path(*fs::directory_iterator(here() / "faces")));
  for (const std::string name : {"a", "b"}) {
    fs::create_directories(here() / "copies" / name);
    for (const std::string file : {"1.jpg", "2.jpg"}) fs::copy_file(picture, here() / "copies" / name / file);
  }
  const BartResult result =
      run_bart(here(), {"train", "copies", "--split", "grouped", "--epochs", "0", "--image-size", "32"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("one group"));
  EXPECT_FALSE(fs::exists(here() / "bart-run"));
}

}  // namespace
}  // namespace bart
