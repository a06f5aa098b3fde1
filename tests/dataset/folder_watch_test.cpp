#include "bart/dataset/folder_watch.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class FolderWatchTest : public testing::Test {
 protected:
  FolderWatchTest() { fs::create_directory(folder()); }
  fs::path folder() const { return scratch_.path() / "watched"; }
  void write(const std::string& name) const { write_file(folder() / name, std::string_view("picture")); }

  test::ScratchFolder scratch_;
};

TEST_F(FolderWatchTest, AfterLostEventsWhatArrivedIsFoundAndNothingArrivesTwice) {
  write("first.jpg");
  fs::create_directory(folder() / "old");
  FolderWatch watch(folder(), /*recursive=*/true);
  EXPECT_THAT(watch.wait(0), ElementsAre("first.jpg"));
  // More events than the kernel keeps, none of a picture.
  std::size_t kept = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> kept;
  if (kept == 0 || kept > 100'000) GTEST_SKIP() << "so many events may wait: " << kept;
  write("a.txt");
  for (std::size_t i = 0; i < kept / 4 + 10; ++i) {  // each renaming makes two events
    fs::rename(folder() / "a.txt", folder() / "b.txt");
    fs::rename(folder() / "b.txt", folder() / "a.txt");
  }
  write("lost.jpg");
  fs::rename(folder() / "old", folder() / "renamed");
  fs::create_directories(folder() / "new" / "deep");
  write("new/deep/lost.jpg");
  const int unfinished = ::open((folder() / "open.jpg").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  EXPECT_THAT(watch.wait(0), UnorderedElementsAre("lost.jpg", "new/deep/lost.jpg"));
  ::close(unfinished);
  write("renamed/later.jpg");
  write("new/deep/later.jpg");
  EXPECT_THAT(watch.wait(1000), ElementsAre("open.jpg", "renamed/later.jpg", "new/deep/later.jpg"));
  EXPECT_THAT(watch.wait(0), IsEmpty());
}

TEST_F(FolderWatchTest, NamesOfUnfinishedFilesArriveUnderTheirLastNameOnly) {
  write("there.jpg.part");
  FolderWatch watch(folder(), /*recursive=*/false);
  EXPECT_THAT(watch.wait(0), IsEmpty());
  for (const char* name : {"a.jpg.part", "a.jpg.crdownload", "a.tmp", ".a.jpg.x7Yz"}) {
    write(name);
    EXPECT_THAT(watch.wait(0), IsEmpty()) << name;
    fs::rename(folder() / name, folder() / "a.jpg");
    EXPECT_THAT(watch.wait(1000), ElementsAre("a.jpg")) << name;
  }
}

TEST_F(FolderWatchTest, AFileThatIsOpenedForWritingWhileItIsLookedAtDoesNotEndTheProcess) {
  // Many names of one file, which another process opens and closes all the time.
  constexpr std::size_t names = 2000;
  const fs::path file = scratch_.path() / "file";
  write_file(file, std::string_view("picture"));
  for (std::size_t i = 0; i < names; ++i) fs::create_hard_link(file, folder() / (std::to_string(i) + ".jpg"));
  const pid_t writer = ::fork();
  ASSERT_GE(writer, 0);
  if (writer == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::close(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  }
  for (int round = 0; round < 20; ++round) FolderWatch(folder(), /*recursive=*/false);
  ::kill(writer, SIGKILL);
  ::waitpid(writer, nullptr, 0);
  FolderWatch watch(folder(), /*recursive=*/false);
  EXPECT_EQ(watch.wait(0).size(), names);
}

TEST_F(FolderWatchTest, WarnsOnceOfFoldersThatMayNotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads every folder";
  const fs::path before = folder() / "before", later = folder() / "later";
  fs::create_directory(before);
  fs::permissions(before, fs::perms::none);
  std::vector<std::string> warnings;
  FolderWatch watch(folder(), /*recursive=*/true, {},
                    [&](const std::string& sentence) { warnings.push_back(sentence); });
  const fs::path outside = scratch_.path() / "outside";
  fs::create_directory(outside);
  fs::permissions(outside, fs::perms::none);
  fs::rename(outside, later);
  EXPECT_THAT(watch.wait(1000), IsEmpty());
  EXPECT_THAT(watch.wait(0), IsEmpty());
  for (const fs::path& locked : {before, later}) fs::permissions(locked, fs::perms::owner_all);
  EXPECT_THAT(warnings,
              ElementsAre(AllOf(HasSubstr("before/ cannot be read"), HasSubstr("Permission denied")),
                          HasSubstr("later/ cannot be read")));
}

TEST_F(FolderWatchTest, SaysThatTheFolderWasRemovedRenamedOrReplaced) {
  FolderWatch watch(folder(), /*recursive=*/false);
  EXPECT_THAT(watch.wait(0), IsEmpty());
  fs::rename(folder(), scratch_.path() / "elsewhere");
  EXPECT_THROW(watch.wait(0), Error);
  fs::create_directory(folder());
  EXPECT_THROW(watch.wait(0), Error);
  EXPECT_THROW(FolderWatch(folder() / "nowhere", false), Error);
}

}  // namespace
}  // namespace bart
