#include "bart/platform/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <set>
#include <string>
#include <vector>

#include "bart/platform/error.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class FilesTest : public testing::Test {
 protected:
  std::string content(const fs::path& path) {
    const auto bytes = read_file(path);
    return {bytes.begin(), bytes.end()};
  }

  const test::ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path();
};

TEST_F(FilesTest, WritesAndReadsBack) {
  write_file(folder_ / "a", "hello");
  EXPECT_EQ(content(folder_ / "a"), "hello");
  write_file(folder_ / "a", "");
  EXPECT_EQ(content(folder_ / "a"), "");
}

TEST_F(FilesTest, LeavesNothingBesideTheFile) {
  write_file(folder_ / "a", "hello");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(FilesTest, GivesAFreshFileTheUsualPermissions) {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  write_file(folder_ / "a", "hello");
  EXPECT_EQ(fs::status(folder_ / "a").permissions(), static_cast<fs::perms>(0666 & ~mask));
}

TEST_F(FilesTest, WritesManyFilesAllOrNone) {
  const auto name = [](std::size_t i) { return "pic_" + std::to_string(i); };
  const auto bytes = [](std::size_t i) { return std::vector<std::uint8_t>(i, 'x'); };
  write_files(folder_, 100, name, bytes, 2);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(content(folder_ / name(i)), std::string(i, 'x'));

  const auto fails = [](std::size_t i) {
    if (i == 77) throw Error("no picture");
    return std::vector<std::uint8_t>(3, 'y');
  };
  EXPECT_THROW(write_files(folder_, 100, name, fails, 2), Error);
  EXPECT_EQ(content(folder_ / name(5)), "xxxxx");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 100);
}

TEST_F(FilesTest, KeepsTheOldFileWhenTheDiskIsFull) {
  write_file(folder_ / "a", "old");
  // A file size limit stands in for the full disk: write(2) fails half way through.
  struct rlimit before {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  struct rlimit limit = before;
  limit.rlim_cur = 1000;
  auto* handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &limit);
  EXPECT_THAT([&] { write_file(folder_ / "a", std::string(5000, 'x')); },
              ThrowsMessage<Error>(HasSubstr("File too large")));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(content(folder_ / "a"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(FilesTest, RemovesWhatInterruptedWritesLeft) {
  const auto names = [&] {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_)) found.insert(entry.path().filename().string());
    return found;
  };
  for (const char* name : {".a.unfinished-x1Y2z3", ".b.unfinished-x1Y2z3", "a.unfinished-x1Y2z3",
                           ".a.unfinished-x1Y2z3.jpg", ".a.unfinished", "a", ".hidden"}) {
    scratch_.write(name);
  }
  remove_unfinished(folder_ / "a");
  EXPECT_THAT(names(), testing::ElementsAre(".a.unfinished", ".a.unfinished-x1Y2z3.jpg",
                                            ".b.unfinished-x1Y2z3", ".hidden", "a", "a.unfinished-x1Y2z3"));
  remove_unfinished(folder_ / "");
  EXPECT_FALSE(names().contains(".b.unfinished-x1Y2z3"));
  EXPECT_EQ(names().size(), 5u);
  remove_unfinished(folder_ / "no such folder" / "");
}

TEST_F(FilesTest, NamesWhatItCannotOpen) {
  EXPECT_THAT([&] { read_file(folder_ / "none"); },
              ThrowsMessage<Error>(HasSubstr((folder_ / "none").string() + ": No such file")));
  EXPECT_THAT([&] { read_file(folder_); }, ThrowsMessage<Error>(HasSubstr("Is a directory")));
  EXPECT_THAT([&] { write_file(folder_ / "no" / "a", "x"); },
              ThrowsMessage<Error>(HasSubstr((folder_ / "no" / "a").string())));
}

TEST_F(FilesTest, RefusesAFifoInsteadOfWaitingForAWriter) {
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_THAT([&] { read_file(folder_ / "fifo"); }, ThrowsMessage<Error>(HasSubstr("not a regular file")));
}

TEST_F(FilesTest, ChecksTheSizeBeforeItTakesMemory) {
  // A sparse file of 4 TB: reading it would fail long after the machine is out of memory.
  write_file(folder_ / "huge", "");
  ASSERT_EQ(::truncate((folder_ / "huge").c_str(), off_t{4} << 40), 0);
  EXPECT_THAT([&] { read_file(folder_ / "huge"); }, ThrowsMessage<Error>(HasSubstr("more than")));
}

}  // namespace
}  // namespace bart
