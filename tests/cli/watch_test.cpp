// bart predict --watch: what arrives in a folder is classified as it comes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "bart/platform/files.h"
#include "csv.h"
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class WatchTest : public DrawnFaces {
 protected:
  WatchTest() : DrawnFaces(2, 4) {}

  void SetUp() override {
    DrawnFaces::SetUp();
    ASSERT_EQ(train_faces({"--epochs", "0", "--no-report"}).code, 0);
    for (const auto& entry : fs::recursive_directory_iterator(here() / "faces")) {
      if (entry.is_regular_file()) picture_ = entry.path();
    }
    fs::create_directory(inbox());
  }

  fs::path inbox() const { return here() / "inbox"; }
  fs::path out() const { return here() / "rows.csv"; }
  std::vector<std::string> watch(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"predict", "--watch", "inbox", "--out", "rows.csv"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  /// The files of the rows so far.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    if (!fs::exists(out())) return names;
    for (const auto& row : csv_rows(file_text(out()))) names.push_back(row[0]);
    return names;
  }
  /// Waits, for as long as a slow machine may need, until `is_so`.
  template <class Condition>
  static bool comes_true(const Condition& is_so) {
    for (int i = 0; i < 3000; ++i) {
      if (is_so()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }
  static bool says(const RunningBart& bart, const std::string& text) {
    return comes_true([&] { return bart.err_so_far().find(text) != std::string::npos; });
  }
  bool has(const std::string& name) const {
    return comes_true([&] {
      const auto names = files();
      return std::ranges::find(names, name) != names.end();
    });
  }

  fs::path picture_;
};

TEST_F(WatchTest, ClassifiesWhatIsThereAndWhatArrivesOnceItIsWhole) {
  fs::copy(picture_, inbox() / "before.jpg");
  RunningBart bart(here(), watch({"--sort-into", "sorted"}));
  ASSERT_TRUE(says(bart, "Watching inbox: Ctrl-C ends it")) << bart.err_so_far();
  EXPECT_TRUE(has("before.jpg"));

  // Written slowly: nothing is read before the file is closed.
  const std::string bytes = file_text(picture_);
  const int slow = ::open((inbox() / "slow.jpg").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::write(slow, bytes.data(), bytes.size() / 2), static_cast<ssize_t>(bytes.size() / 2));
  fs::copy(picture_, here() / "part");
  fs::rename(here() / "part", inbox() / "renamed.jpg");
  EXPECT_TRUE(has("renamed.jpg"));
  EXPECT_THAT(files(), testing::Not(testing::Contains("slow.jpg")));
  EXPECT_EQ(::write(slow, bytes.data() + bytes.size() / 2, bytes.size() - bytes.size() / 2),
            static_cast<ssize_t>(bytes.size() - bytes.size() / 2));
  ::close(slow);
  EXPECT_TRUE(has("slow.jpg"));

  write_file(inbox() / "broken.jpg", std::string_view("no picture"));
  EXPECT_TRUE(says(bart, "Skipped inbox/broken.jpg: ")) << bart.err_so_far();
  write_file(inbox() / "notes.txt", std::string_view("no picture by its ending"));
  fs::create_symlink(picture_, inbox() / "link.jpg");
  EXPECT_TRUE(has("link.jpg"));

  bart.send(SIGTERM);
  const BartResult result = bart.wait();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, testing::Not(HasSubstr("slow.jpg")));
  EXPECT_THAT(result.err, testing::Not(HasSubstr("notes.txt")));
  EXPECT_THAT(result.err, HasSubstr("Stopped by SIGTERM"));
  EXPECT_THAT(files(), testing::ElementsAre("before.jpg", "renamed.jpg", "slow.jpg", "link.jpg"));
  EXPECT_TRUE(file_text(out()).ends_with('\n'));
  std::size_t sorted = 0;
  for (const auto& entry : fs::recursive_directory_iterator(here() / "sorted"))
    sorted += !entry.is_directory();
  EXPECT_EQ(sorted, 4u);
}

TEST_F(WatchTest, TakesHundredsAtOnceAndNewFoldersAndNeverWhatItWrites) {
  // The rows and the sorted copies lie in the watched folder.
  RunningBart bart(here(), {"predict", "--watch", "inbox", "--recursive", "--out", "inbox/rows", "--format",
                            "jsonl", "--sort-into", "inbox/sorted"});
  ASSERT_TRUE(says(bart, "Watching")) << bart.err_so_far();
  fs::create_directories(here() / "made" / "deep");
  for (int i = 0; i < 100; ++i) {
    fs::create_hard_link(picture_, here() / "made" / "deep" / (std::to_string(i) + ".jpg"));
  }
  fs::rename(here() / "made", inbox() / "made");
  fs::create_directories(inbox() / "new" / "er");
  for (int i = 0; i < 200; ++i) {
    fs::copy_file(picture_, inbox() / (i % 2 == 0 ? "." : "new/er") / (std::to_string(i) + ".jpg"));
  }
  const auto rows = [&] {
    std::multiset<std::string> names;
    if (!fs::exists(inbox() / "rows")) return names;
    std::istringstream lines(file_text(inbox() / "rows"));
    for (std::string line; std::getline(lines, line) && !lines.eof();)
      names.insert(nlohmann::json::parse(line)["file"]);
    return names;
  };
  EXPECT_TRUE(comes_true([&] { return rows().size() >= 300; })) << rows().size();
  bart.send(SIGINT);
  const BartResult result = bart.wait();
  EXPECT_EQ(result.code, 0) << result.err;
  const auto all = rows();
  EXPECT_EQ(all.size(), 300u);
  EXPECT_EQ(std::set(all.begin(), all.end()).size(), 300u);
  for (const char* name : {"made/deep/99.jpg", "0.jpg", "new/er/199.jpg"})
    EXPECT_EQ(all.count(name), 1u) << name;
}

TEST_F(WatchTest, LooksAgainWhenTheSystemHasLostEvents) {
  std::size_t most = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> most;
  if (most == 0 || most > 100'000) GTEST_SKIP() << "so many events may wait: " << most;
  RunningBart bart(here(), watch());
  ASSERT_TRUE(says(bart, "Watching")) << bart.err_so_far();
  bart.send(SIGSTOP);
  const auto touch = [&](const char* name) {
    ::close(::open((inbox() / name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  };
  // Two names in turn, because the system counts an event that repeats the last one only once.
  for (std::size_t i = 0; i <= most; ++i) touch(i % 2 == 0 ? "a.txt" : "b.txt");
  fs::copy(picture_, here() / "part");
  fs::rename(here() / "part", inbox() / "late.jpg");
  const int slow = ::open((inbox() / "slow.jpg").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  bart.send(SIGCONT);
  EXPECT_TRUE(has("late.jpg")) << bart.err_so_far();
  // What is still being written is left until it is closed.
  const std::string bytes = file_text(picture_);
  EXPECT_EQ(::write(slow, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  ::close(slow);
  EXPECT_TRUE(has("slow.jpg"));
  bart.send(SIGINT);
  const BartResult result = bart.wait();
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, testing::Not(HasSubstr("Skipped")));
  EXPECT_THAT(files(), testing::ElementsAre("late.jpg", "slow.jpg"));
}

TEST_F(WatchTest, SortsIntoTheWatchedFolderItself) {
  fs::copy(picture_, inbox() / "before.jpg");
  RunningBart bart(here(), watch({"--sort-into", "inbox"}));
  ASSERT_TRUE(says(bart, "Watching")) << bart.err_so_far();
  fs::copy(picture_, inbox() / "later.jpg");
  EXPECT_TRUE(has("later.jpg"));
  bart.send(SIGINT);
  const BartResult result = bart.wait();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("Sorted 2 images into 1 folder of inbox"));
  EXPECT_THAT(files(), testing::ElementsAre("before.jpg", "later.jpg"));
}

TEST_F(WatchTest, SaysThatNothingWasWrittenWhereNothingCame) {
  RunningBart bart(here(), watch());
  ASSERT_TRUE(says(bart, "Watching")) << bart.err_so_far();
  bart.send(SIGINT);
  const BartResult result = bart.wait();
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("No picture was classified: rows.csv was not written"));
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(WatchTest, WithStrictTheRowsBeforeABrokenPictureAreWritten) {
  fs::copy(picture_, inbox() / "a.jpg");
  write_file(inbox() / "b.jpg", std::string_view("no picture"));
  fs::copy(picture_, inbox() / "c.jpg");
  const BartResult result = run_bart(here(), watch({"--strict"}));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("inbox/b.jpg"));
  EXPECT_THAT(files(), testing::ElementsAre("a.jpg"));
}

TEST_F(WatchTest, EndsWhenTheFolderIsRemovedAndRefusesWhatItCannotDo) {
  RunningBart bart(here(), watch());
  ASSERT_TRUE(says(bart, "Watching")) << bart.err_so_far();
  fs::remove(inbox());
  const BartResult result = bart.wait();
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("the watched folder inbox was removed or renamed"));

  EXPECT_EQ(run_bart(here(), watch()).code, 1);  // it is not there
  fs::create_directory(inbox());
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"--format", "json", "--out", "rows.json"},
        {picture_.string()},
        {"--sort-into", "inbox", "--recursive"},
        {"--sort-into", ".", "--recursive"}}) {
    const BartResult refused = run_bart(here(), watch(wrong));
    EXPECT_EQ(refused.code, 2) << testing::PrintToString(wrong) << refused.err;
  }
}

}  // namespace
}  // namespace bart
