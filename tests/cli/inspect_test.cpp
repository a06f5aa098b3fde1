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
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class InspectDrawn : public DrawnFaces {
 protected:
  InspectDrawn() : DrawnFaces(3, 10) {}

  void SetUp() override {
    DrawnFaces::SetUp();
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
  BartResult train(const std::string& split) {
    return run_bart(here(), {"train", "faces", "--split", split, "--epochs", "0", "--image-size", "32"});
  }
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

TEST_F(InspectDrawn, ThePageReplacesNoOtherFile) {
  const fs::path picture = *fs::directory_iterator(fs::path(*fs::directory_iterator(here() / "faces")));
  const std::string before = file_text(picture);
  fs::create_symlink(picture, here() / "page.html");
  for (const std::string& page : {picture.string(), (here() / "page.html").string(), std::string("faces")}) {
    const BartResult result = run_bart(here(), {"inspect", "faces", "--html", page});
    EXPECT_EQ(result.code, 2) << page;
    EXPECT_THAT(result.err, HasSubstr("--html")) << page;
  }
  EXPECT_EQ(file_text(picture), before);
  const BartResult to_stdout = run_bart(here(), {"inspect", "faces/", "--html", "-", "--test-size", "0"});
  ASSERT_EQ(to_stdout.code, 0) << to_stdout.err;
  EXPECT_THAT(to_stdout.out, AllOf(HasSubstr("<!DOCTYPE html>"), HasSubstr("<h1>faces</h1>")));
  EXPECT_EQ(run_bart(here(), {"inspect", "faces", "--html", "-", "--json"}).code, 2);
  EXPECT_THAT(run_bart(here() / "faces", {"inspect", "."}).out,
              HasSubstr("/faces: 32 pictures in 3 classes"));
}

TEST_F(InspectDrawn, WhatInspectCountsIsWhatTrainingTakes) {
  const fs::path faces = here() / "faces";
  const fs::path first = *fs::directory_iterator(faces);
  const fs::path picture = *fs::directory_iterator(first);
  for (const char* junk :
       {"Thumbs.db", ".hidden.jpg", "._1.jpg", "notes.txt", "clip.mp4", "labels.json", "a.xml"}) {
    fs::copy_file(picture, first / junk);
  }
  fs::create_directories(faces / "__MACOSX" / "x");
  fs::create_directories(faces / "empty");
  fs::create_directories(first / "batch2");
  fs::copy_file(picture, first / "batch2" / "nested");
  fs::create_directory_symlink("..", first / "batch2" / "loop");
  const BartResult inspected = run_bart(here(), {"inspect", "faces", "--json"});
  ASSERT_EQ(inspected.code, 0) << inspected.err;
  const BartResult trained =
      run_bart(here(), {"train", "faces", "--epochs", "0", "--image-size", "16", "-v"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  const json inspection = json::parse(inspected.out);
  EXPECT_EQ(inspection["pictures"], 33);
  EXPECT_THAT(trained.err,
              AllOf(HasSubstr("The number of images: 33 is"), HasSubstr("Number of classes: 3")));
  EXPECT_EQ(inspection["unreadable"].size(), 1u);
  const json run = json::parse(file_text(here() / "bart-run" / "run.json"));
  EXPECT_EQ(run["data"]["skipped"].size(), 1u);
  const std::string line =
      "Passed over 9 files and folders: 5 not pictures by their ending, 2 hidden, 1 link to a folder that "
      "was "
      "visited, 1 of the operating system";
  for (const std::string& log : {inspected.err, trained.err}) {
    EXPECT_THAT(log, HasSubstr(line));
    EXPECT_THAT(log, HasSubstr("WARNING - The class folder faces/empty holds no picture"));
    EXPECT_THAT(log, HasSubstr("batch2/loop/ leads to a folder that was visited already"));
  }
  EXPECT_THAT(inspected.err, Not(HasSubstr("Thumbs.db")));
  EXPECT_THAT(trained.err, HasSubstr("/Thumbs.db: not pictures by their ending"));
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
