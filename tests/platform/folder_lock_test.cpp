#include "bart/platform/folder_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "scratch_folder.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(FolderLock, IsHeldByOneAndNamesItsProcess) {
  const test::ScratchFolder scratch;
  std::optional<FolderLock> first(scratch.path());
  EXPECT_THAT([&] { FolderLock second(scratch.path()); },
              ThrowsMessage<Error>(HasSubstr("in use by the process " + std::to_string(::getpid()) + ":")));
  first.reset();
  EXPECT_NO_THROW(FolderLock third(scratch.path()));
}

TEST(FolderLock, FollowsNoLinkAndEmptiesNoOtherFile) {
  const test::ScratchFolder scratch;
  scratch.write("victim", "precious");
  std::filesystem::create_symlink("victim", scratch.path() / "lock");
  EXPECT_THAT([&] { FolderLock lock(scratch.path()); },
              ThrowsMessage<Error>(HasSubstr("lock: it is a symbolic link")));
  const auto bytes = read_file(scratch.path() / "victim");
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "precious");
  std::filesystem::remove(scratch.path() / "lock");
  ASSERT_EQ(::mkfifo((scratch.path() / "lock").c_str(), 0600), 0);
  EXPECT_THAT([&] { FolderLock lock(scratch.path()); },
              ThrowsMessage<Error>(HasSubstr("lock: it is not a regular file")));
}

TEST(FolderLock, NeedsAFolder) {
  const test::ScratchFolder scratch;
  EXPECT_THAT([&] { FolderLock lock(scratch.path() / "none"); },
              ThrowsMessage<Error>(HasSubstr("none/lock: No such file")));
}

}  // namespace
}  // namespace bart
