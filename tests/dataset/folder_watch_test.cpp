#include "bart/dataset/folder_watch.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
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
  ASSERT_GT(kept, 0u);
  for (std::size_t i = 0; i < kept / 2 + 10; ++i) {
    std::ofstream(folder() / "notes.txt").close();
    fs::remove(folder() / "notes.txt");
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
  constexpr int files = 200;
  const auto name = [](int i) { return std::to_string(i) + ".jpg"; };
  for (int i = 0; i < files; ++i) write(name(i));
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; !done; i = (i + 1) % files)
      ::close(::open((folder() / name(i)).c_str(), O_WRONLY | O_CLOEXEC));
  });
  for (int round = 0; round < 10; ++round) FolderWatch(folder(), /*recursive=*/false);
  done = true;
  writer.join();
  FolderWatch watch(folder(), /*recursive=*/false);
  EXPECT_EQ(watch.wait(0).size(), static_cast<std::size_t>(files));
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
