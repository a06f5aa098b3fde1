#include "bart/platform/folder_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "bart/platform/error.h"
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

TEST(FolderLock, NeedsAFolder) {
  const test::ScratchFolder scratch;
  EXPECT_THAT([&] { FolderLock lock(scratch.path() / "none"); },
              ThrowsMessage<Error>(HasSubstr("none/lock: No such file")));
}

}  // namespace
}  // namespace bart
