// bart tune as a user runs it: stopped, killed, and going on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "bart/platform/files.h"
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TuneDrawn : public DrawnFaces {
 protected:
  TuneDrawn() : DrawnFaces(3, 40) {}

  static std::vector<std::string> tune(const std::string& out) {
    return {"tune", "faces", "--budget",  "10h", "--trials", "2",     "--epochs", "2", "--image-size", "32",
            "--bs", "4",     "--threads", "1",   "--recipe", "tuned", "--out",    out};
  }
  /// The trainings in tune.json without their times.
  nlohmann::json figures(const std::string& out) const {
    nlohmann::json trials = nlohmann::json::parse(file_text(here() / out / "tune.json")).at("trials");
    for (auto& trial : trials) trial.erase("seconds");
    return trials;
  }
  /// How many times a training began or went on: each time has an event file.
  std::size_t begun(const std::string& out) const {
    std::size_t count = 0;
    std::error_code gone;
    for (fs::recursive_directory_iterator at(here() / out / "trials", gone), end; !gone && at != end;
         at.increment(gone)) {
      count += at->path().filename().string().starts_with("events.");
    }
    return count;
  }
  bool begins_again(const std::string& out, std::size_t before) const {
    for (int i = 0; i < 6000 && begun(out) <= before; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return begun(out) > before;
  }
};

TEST_F(TuneDrawn, GoesOnToTheSameFiguresAfterSignalsAndAfterAKill) {
  const BartResult whole = run_bart(here(), tune("whole"));
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_THAT(whole.out, HasSubstr("The best (*)"));

  for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
    const std::size_t before = begun("parts");
    RunningBart bart(here(), tune("parts"));
    ASSERT_TRUE(begins_again("parts", before));
    bart.send(signal);
    const BartResult result = bart.wait();
    EXPECT_EQ(result.code, 128 + signal) << result.err;
    if (signal == SIGKILL) continue;
    // Between two trainings it ends at once.
    if (result.err.find("Stopped by") == std::string::npos) continue;
    EXPECT_THAT(result.err, HasSubstr(std::string("Stopped by ") + (signal == SIGINT ? "Ctrl-C" : "SIGTERM") +
                                      ": the same command continues"));
  }
  const BartResult parts = run_bart(here(), tune("parts"));
  ASSERT_EQ(parts.code, 0) << parts.err;
  EXPECT_EQ(figures("parts"), figures("whole"));
  const auto command = [](const BartResult& result) {
    return result.out.substr(result.out.rfind("bart train"));
  };
  EXPECT_EQ(command(parts), command(whole));
}

TEST_F(TuneDrawn, KeepsAPageOfOthers) {
  std::vector<std::string> command = tune("search");
  command[3] = "1s";
  fs::create_directory(here() / "search");
  scratch_.write("search/tune.html", "mine");
  EXPECT_THAT(run_bart(here(), command).err,
              HasSubstr("Kept the tune.html that was there as search/tune.earlier.html"));
  EXPECT_EQ(file_text(here() / "search/tune.earlier.html"), "mine");
  // Its own page is replaced.
  EXPECT_EQ(run_bart(here(), command).err.find("Kept"), std::string::npos);
}

TEST_F(TuneDrawn, GoesOnWithTheSameFolderHoweverItIsSpelled) {
  std::vector<std::string> command = tune("search");
  command[3] = "1s";
  ASSERT_EQ(run_bart(here(), command).code, 0);
  fs::create_directory_symlink("faces", here() / "linked");
  for (const char* spelled : {"faces/", "./faces", "linked"}) {
    command[1] = spelled;
    EXPECT_EQ(run_bart(here(), command).code, 0) << spelled;
  }
  fs::copy(here() / "faces", here() / "copied", fs::copy_options::recursive);
  command[1] = "copied";
  EXPECT_THAT(run_bart(here(), command).err, HasSubstr("holds another search: its folder is"));
}

TEST_F(TuneDrawn, KnowsATestFolderByWhereItLies) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(here() / "faces"))
    names.push_back(entry.path().filename().string());
  for (const auto& [place, name] : {std::pair{"one", names[0]}, std::pair{"two", names[1]}}) {
    fs::create_directories(here() / place / "held");
    fs::copy(here() / "faces" / name, here() / place / "held" / name);
  }
  const auto search = [&](const fs::path& from, const std::string& held) {
    std::vector<std::string> command = tune("../search");
    command[1] = "../faces";
    command.insert(command.end(), {"--test-folder", held});
    return run_bart(here() / from, command);
  };
  const BartResult first = search("one", "held");
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("--test-folder " + (here() / "one/held").string()));
  EXPECT_EQ(search("two", "../one/held/").code, 0);
  const BartResult other = search("two", "held");
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.err, HasSubstr("holds another search: its test-folder is"));
}

TEST_F(TuneDrawn, RefusesWhatNoTrainingCouldReadBeforeItMakesAFolder) {
  const BartResult no_data = run_bart(here(), {"tune", "nothing", "--out", "search"});
  EXPECT_EQ(no_data.code, 1);
  EXPECT_THAT(no_data.err, HasSubstr("nothing does not exist"));
  std::vector<std::string> command = tune("search");
  command.insert(command.end(), {"--init", "no_model"});
  const BartResult no_model = run_bart(here(), command);
  EXPECT_EQ(no_model.code, 1);
  EXPECT_THAT(no_model.err, HasSubstr("no_model: No such file"));
  const auto with_test_folder = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = tune("search");
    arguments.insert(arguments.end(), {"--test-folder", "faces"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_bart(here(), arguments);
  };
  const BartResult no_effect = with_test_folder({"--test-size", "0.2"});
  EXPECT_EQ(no_effect.code, 2);
  EXPECT_THAT(no_effect.err,
              HasSubstr("--test-size 0.2 has no effect: --test-folder names the test pictures"));
  const BartResult no_folder = with_test_folder({"--validation-folder", "nothing"});
  EXPECT_EQ(no_folder.code, 1);
  EXPECT_THAT(no_folder.err, HasSubstr("nothing does not exist"));
  EXPECT_FALSE(fs::exists(here() / "search"));
}

TEST_F(TuneDrawn, RefusesABudgetThatIsNoTime) {
  for (const char* budget : {"", "0s", "2", "1h30", "30m1h", "-1h"}) {
    std::vector<std::string> arguments = tune("out");
    arguments[3] = budget;
    const BartResult result = run_bart(here(), arguments);
    EXPECT_EQ(result.code, 2) << budget;
    EXPECT_THAT(result.err, HasSubstr("--budget")) << budget;
    EXPECT_FALSE(fs::exists(here() / "out"));
  }
}

TEST_F(TuneDrawn, TrainingsOfASearchThatIsNotDescribedAreNotTaken) {
  fs::create_directories(here() / "found/trials/000-epochs-1");
  std::ofstream(here() / "found/trials/000-epochs-1/notes.txt") << "mine";
  const BartResult result = run_bart(
      here(), {"tune", "faces", "--budget", "5s", "--epochs", "1", "--image-size", "16", "--out", "found"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("found/trials is not empty, and there is no found/tune.json"));
  EXPECT_EQ(file_text(here() / "found/trials/000-epochs-1/notes.txt"), "mine");
}

}  // namespace
}  // namespace bart
