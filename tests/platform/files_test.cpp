#include "bart/platform/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>
#include <string>
#include <thread>
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

TEST_F(FilesTest, KeepsThePermissionsOfTheFileThatItReplaces) {
  for (const mode_t mode : {0600, 0664, 0777, 0755}) {
    write_file(folder_ / "a", "old");
    ASSERT_EQ(::chmod((folder_ / "a").c_str(), mode), 0);
    write_file(folder_ / "a", "new");
    EXPECT_EQ(content(folder_ / "a"), "new");
    EXPECT_EQ(fs::status(folder_ / "a").permissions(), static_cast<fs::perms>(mode));
  }
}

TEST_F(FilesTest, KeepsTheOwnerOfTheFileThatItReplaces) {
  write_file(folder_ / "a", "old");
  if (::chown((folder_ / "a").c_str(), 1234, 4321) != 0) GTEST_SKIP() << "only root gives files away";
  write_file(folder_ / "a", "new");
  struct stat status {};
  ASSERT_EQ(::stat((folder_ / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 1234u);
  EXPECT_EQ(status.st_gid, 4321u);
}

TEST_F(FilesTest, ReplacesWhatALinkLeadsTo) {
  fs::create_directory(folder_ / "elsewhere");
  write_file(folder_ / "elsewhere" / "target", "old");
  fs::create_symlink("elsewhere/target", folder_ / "second");  // relative to its own folder
  fs::create_symlink(folder_ / "second", folder_ / "first");
  write_file(folder_ / "first", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "first"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "second"));
  EXPECT_EQ(content(folder_ / "elsewhere" / "target"), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "elsewhere"), fs::directory_iterator()), 1);

  fs::create_symlink("elsewhere/not yet", folder_ / "dangling");
  write_file(folder_ / "dangling", "made");
  EXPECT_EQ(content(folder_ / "elsewhere" / "not yet"), "made");

  fs::create_symlink("loop", folder_ / "loop");
  EXPECT_THAT([&] { write_file(folder_ / "loop", "x"); },
              ThrowsMessage<Error>(HasSubstr("loop: Too many levels")));
}

TEST_F(FilesTest, RefusesAFolderAndAFileThatMayNotBeWritten) {
  fs::create_directory(folder_ / "folder");
  EXPECT_THAT([&] { write_file(folder_ / "folder", "x"); },
              ThrowsMessage<Error>(HasSubstr("Is a directory")));
  write_file(folder_ / "a", "old");
  ASSERT_EQ(::chmod((folder_ / "a").c_str(), 0444), 0);
  const bool root = ::geteuid() == 0;  // who may write every file, so not as root
  if (root) {
    ASSERT_EQ(::chown(folder_.c_str(), 61236, 61236), 0);
    ASSERT_EQ(::chown((folder_ / "a").c_str(), 61236, 61236), 0);
    ASSERT_EQ(::seteuid(61236), 0);
  }
  EXPECT_THAT([&] { write_file(folder_ / "a", "x"); }, ThrowsMessage<Error>(HasSubstr("Permission denied")));
  EXPECT_EQ(content(folder_ / "a"), "old");
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
}

TEST_F(FilesTest, WritesThroughAFifo) {
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  fs::create_symlink("fifo", folder_ / "link");
  std::string got;
  std::thread reader([&] {
    std::ifstream fifo(folder_ / "fifo");
    std::getline(fifo, got);
  });
  write_file(folder_ / "link", "through\n");
  reader.join();
  EXPECT_EQ(got, "through");
  EXPECT_TRUE(fs::is_fifo(folder_ / "fifo"));
}

TEST_F(FilesTest, WritesThroughADevice) {
  write_file("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_THAT([] { write_file("/dev/full", "x"); },
              ThrowsMessage<Error>(HasSubstr("/dev/full: No space left")));
}

TEST_F(FilesTest, WritesThroughItsOwnDescriptorsAtTheirPlace) {
  // As `{ echo before; bart predict --out /dev/stdout; echo after; } > file` has it.
  const int fd = ::open((folder_ / "a").c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::write(fd, "before ", 7), 7);
  write_file("/dev/fd/" + std::to_string(fd), "and ");
  fs::create_symlink("/proc/self/fd/" + std::to_string(fd), folder_ / "link");
  write_file(folder_ / "link", "after");
  ::close(fd);
  EXPECT_EQ(content(folder_ / "a"), "before and after");
  EXPECT_THAT([&] { write_file("/dev/fd/" + std::to_string(fd), "x"); },
              ThrowsMessage<Error>(HasSubstr("Bad file descriptor")));
}

TEST_F(FilesTest, WritesANameAsLongAsNamesCanBe) {
  const std::string name(255, 'n');
  write_file(folder_ / name, "x");
  EXPECT_EQ(content(folder_ / name), "x");
  EXPECT_THAT([&] { write_file(folder_ / (name + "n"), "x"); }, ThrowsMessage<Error>(HasSubstr("too long")));
}

TEST_F(FilesTest, AppendsToARegularFileAlone) {
  const auto append = [&](const fs::path& path) { append_file(path, std::vector<std::uint8_t>{'x'}); };
  append(folder_ / "log");
  append(folder_ / "log");
  EXPECT_EQ(content(folder_ / "log"), "xx");
  write_file(folder_ / "victim", "old");
  fs::create_symlink("victim", folder_ / "link");
  EXPECT_THAT([&] { append(folder_ / "link"); },
              ThrowsMessage<Error>(HasSubstr("link: it is a symbolic link")));
  EXPECT_EQ(content(folder_ / "victim"), "old");
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_THAT([&] { append(folder_ / "fifo"); },
              ThrowsMessage<Error>(HasSubstr("fifo: it is not a regular file")));
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

TEST_F(FilesTest, KeepsThePermissionsOfManyFilesAndReplacesLinksAmongThem) {
  const auto name = [](std::size_t i) { return "pic_" + std::to_string(i); };
  const auto bytes = [](std::size_t) { return std::vector<std::uint8_t>(3, 'x'); };
  write_file(folder_ / "pic_0", "old");
  ASSERT_EQ(::chmod((folder_ / "pic_0").c_str(), 0640), 0);
  write_file(folder_ / "precious", "precious");
  fs::create_symlink("precious", folder_ / "pic_1");
  write_files(folder_, 2, name, bytes, 2);
  EXPECT_EQ(content(folder_ / "pic_0"), "xxx");
  EXPECT_EQ(fs::status(folder_ / "pic_0").permissions(), static_cast<fs::perms>(0640));
  EXPECT_EQ(content(folder_ / "pic_1"), "xxx");
  EXPECT_EQ(content(folder_ / "precious"), "precious");
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

TEST_F(FilesTest, ATrialRemovesWhatAKilledOneLeft) {
  scratch_.write(".trial.unfinished-x1Y2z3");
  scratch_.write(".a.unfinished-x1Y2z3");
  EXPECT_FALSE(try_to_create_in(folder_));
  EXPECT_FALSE(fs::exists(folder_ / ".trial.unfinished-x1Y2z3"));
  EXPECT_TRUE(fs::exists(folder_ / ".a.unfinished-x1Y2z3"));  // of a process that may be writing it
}

TEST_F(FilesTest, RemovesWhatAnInterruptedWriteOfALongNameLeft) {
  const std::string name(255, 'n');
  scratch_.write("." + std::string(200, 'n') + ".unfinished-x1Y2z3");
  remove_unfinished(folder_ / name);
  EXPECT_TRUE(fs::is_empty(folder_));
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

TEST(OutputFile, AppearsAtOnceOrAtTheEnd) {
  const test::ScratchFolder scratch;
  const auto text = [&](const char* name) {
    const std::vector<std::uint8_t> bytes = read_file(scratch.path() / name);
    return std::string(bytes.begin(), bytes.end());
  };
  scratch.write("lines", "old");
  scratch.write("whole", "old");
  {
    OutputFile lines(scratch.path() / "lines", OutputFile::Appears::at_once);
    OutputFile whole(scratch.path() / "whole", OutputFile::Appears::at_the_end);
    lines.write("a\n");
    whole.write("a\n");
    EXPECT_EQ(text("lines"), "a\n");
    EXPECT_EQ(text("whole"), "old");
    lines.write("b\n");
    whole.write("b\n");
    lines.finish();
    whole.finish();
    EXPECT_EQ(text("lines"), "a\nb\n");
    EXPECT_EQ(text("whole"), "a\nb\n");
    OutputFile(scratch.path() / "whole", OutputFile::Appears::at_the_end).write("never finished");
  }
  EXPECT_EQ(text("whole"), "a\nb\n");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 2);
  std::filesystem::create_symlink("whole", scratch.path() / "link");
  OutputFile link(scratch.path() / "link", OutputFile::Appears::at_the_end);
  link.write("through");
  link.finish();
  EXPECT_EQ(text("whole"), "through");
  EXPECT_TRUE(std::filesystem::is_symlink(scratch.path() / "link"));
  EXPECT_THROW(OutputFile(scratch.path() / "no" / "folder", OutputFile::Appears::at_once), Error);
}

}  // namespace
}  // namespace bart
