// bart predict with a video: with a program that stands in for ffmpeg, and with ffmpeg where it is installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "bart/pictures/encode_png.h"
#include "bart/platform/files.h"
#include "csv.h"
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class VideoTest : public DrawnFaces {
 protected:
  VideoTest() : DrawnFaces(2, 4) {}

  void SetUp() override {
    DrawnFaces::SetUp();
    ASSERT_EQ(train_faces({"--epochs", "0", "--no-report"}).code, 0);
    write_file(here() / "clip.mp4", std::string_view("not even a video"));
    Picture picture{.width = 8, .height = 8, .pixels = std::vector<std::uint8_t>(192, 99)};
    write_file(here() / "frame.png", encode_png(picture));
    fs::create_directory(here() / "bin");
  }

  /// Puts a shell script named ffmpeg first on PATH.
  BartResult with_ffmpeg(const std::string& script, std::vector<std::string> arguments) const {
    const fs::path program = here() / "bin" / "ffmpeg";
    write_file(program, "#!/bin/sh\n" + script);
    fs::permissions(program, fs::perms::owner_all);
    arguments.insert(arguments.begin(), {"predict", "--format", "csv", "--out", "-"});
    return run_bart(here(), arguments,
                    {.environment = {{"PATH", (here() / "bin").string() + ":" + std::getenv("PATH")}}});
  }
  static std::vector<std::string> files_of(const BartResult& result) {
    std::vector<std::string> names;
    for (const auto& row : csv_rows(result.out)) names.push_back(row[0]);
    return names;
  }
};

const std::string frame = "cat frame.png; echo '[Parsed_showinfo_0 @ 0x1] n: 0 pts: 1 pts_time:$T dur' >&2\n";

std::string frame_at(const std::string& seconds) {
  std::string script = frame;
  return script.replace(script.find("$T"), 2, seconds);
}

TEST_F(VideoTest, EachRowNamesFileAndTime) {
  const BartResult result =
      with_ffmpeg(frame_at("0") + "sleep 0.1\n" + frame_at("0.04") + frame_at("12.5"), {"clip.mp4"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(files_of(result),
              testing::ElementsAre("clip.mp4#t=0.000", "clip.mp4#t=0.040", "clip.mp4#t=12.500"));
}

TEST_F(VideoTest, ArgumentsReachFfmpegWithoutAShellAndNameOnlyAFile) {
  const std::string name = "-x'$(touch evil);concat:a|b.mp4";
  fs::rename(here() / "clip.mp4", here() / name);
  const BartResult result =
      with_ffmpeg("for a in \"$@\"; do echo \"$a\" >> arguments; done\n" + frame_at("1"),
                  {"--every", "0.5", "./" + name, "faces", "--recursive"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(files_of(result).back(), "./" + name + "#t=1.000");
  EXPECT_EQ(files_of(result).size(), 9u);
  const std::string arguments = file_text(here() / "arguments");
  EXPECT_THAT(arguments, HasSubstr("-protocol_whitelist\nfile,pipe\n"));
  EXPECT_THAT(arguments, HasSubstr("-i\nfile:./" + name + "\n"));
  EXPECT_THAT(arguments, HasSubstr("floor(t/0.5)"));
  EXPECT_FALSE(fs::exists(here() / "evil"));
}

TEST_F(VideoTest, SaysWhatIsWrong) {
  const std::string picture = here() / "frame.png";
  const std::pair<std::string, std::string> cases[] = {
      {"echo 'file:clip.mp4: moov atom not found' >&2; exit 1\n",
       "clip.mp4: ffmpeg cannot read this video: moov atom not found"},
      {"exit 0\n", "clip.mp4: this video has no frame"},
      {"echo nothing like a picture\n", "ffmpeg did not return PNG pictures"},
      {"head -c 40 frame.png\n", "ffmpeg ended within a frame"},
      // A chunk of 4 GB is refused before it comes.
      {"head -c 8 frame.png; printf '\\377\\377\\377\\377IDATxx'; exec sleep 100\n",
       "a frame is larger than a picture file may be"},
      {frame_at("0") + "echo 'broken' >&2; exit 1\n", "ffmpeg cannot read this video: broken"}};
  for (const auto& [script, sentence] : cases) {
    const BartResult alone = with_ffmpeg(script, {"clip.mp4"});
    EXPECT_EQ(alone.code, 1) << script;
    EXPECT_THAT(alone.err, HasSubstr(sentence));
    const BartResult among_others = with_ffmpeg(script, {"clip.mp4", "frame.png"});
    EXPECT_EQ(among_others.code, 0) << script;
    EXPECT_THAT(among_others.err, HasSubstr("Skipped clip.mp4: "));
  }
  const BartResult none =
      run_bart(here(), {"predict", "clip.mp4"}, {.environment = {{"PATH", (here() / "faces").string()}}});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.err, HasSubstr("install ffmpeg"));
  EXPECT_EQ(run_bart(here(), {"predict", "frame.png", "--every", "1"}).code, 2);
  EXPECT_EQ(run_bart(here(), {"predict", "clip.mp4", "--every", "-1"}).code, 2);
  for (const char* file : {"frame.png", "clip.mp4"}) {
    const BartResult zero = run_bart(here(), {"predict", file, "--every", "0"});
    EXPECT_EQ(zero.code, 2) << file;
    EXPECT_THAT(zero.err, HasSubstr("--every must be a number of seconds above 0, not 0")) << file;
  }
  EXPECT_EQ(run_bart(here(), {"predict", "clip.mp4", "--sort-into", "sorted"}).code, 2);
}

TEST_F(VideoTest, FfmpegDecodesARealOneByContent) {
  if (std::system("ffmpeg -version > /dev/null 2>&1") != 0) GTEST_SKIP() << "ffmpeg is not installed";
  const std::string make = "cd '" + here().string() +
                           "' && ffmpeg -loglevel error -f lavfi -i testsrc=duration=3:size=64x48:rate=10 "
                           "-f matroska -y clip.bin";
  ASSERT_EQ(std::system(make.c_str()), 0);
  const auto predict = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"predict", "--format", "csv", "--out", "-"});
    return run_bart(here(), arguments);
  };
  EXPECT_EQ(files_of(predict({"clip.bin"})).size(), 30u);
  const BartResult seconds = predict({"clip.bin", "--every", "1"});
  EXPECT_THAT(files_of(seconds),
              testing::ElementsAre("clip.bin#t=0.000", "clip.bin#t=1.000", "clip.bin#t=2.000"))
      << seconds.err;
  // Files that name other files are not read.
  write_file(here() / "list.mp4", std::string_view("ffconcat version 1.0\nfile clip.bin\n"));
  const BartResult list = predict({"list.mp4"});
  EXPECT_EQ(list.code, 1);
  EXPECT_THAT(list.err, HasSubstr("a playlist, which is not read"));
}

}  // namespace
}  // namespace bart
