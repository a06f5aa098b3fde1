#include "cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "scratch_folder.h"

namespace bart {
namespace {

using testing::ElementsAre;

TEST(Cgroup, Version2IsFoundWhereItIsMounted) {
  EXPECT_THAT(
      cgroup_folders("cpu", "0::/user.slice/job 7\n",
                     "31 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"),
      ElementsAre("/sys/fs/cgroup/user.slice/job 7", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup"));
}

TEST(Cgroup, Version1NamesItsControllersInAnyOrderAndPlace) {
  // CentOS 7 says "cpuacct,cpu" and mounts "cpu,cpuacct"; "cpuset" is another controller.
  EXPECT_THAT(
      cgroup_folders("cpu", "5:cpuset:/a\n4:cpuacct,cpu:/b\n3:memory:/c\n",
                     "33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
                     "34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw shared:1 - cgroup cgroup rw,cpu,cpuacct\n"
                     "35 31 0:32 / /mnt/my\\040memory rw - cgroup none rw,memory\n"),
      ElementsAre("/sys/fs/cgroup/cpu,cpuacct/b", "/sys/fs/cgroup/cpu,cpuacct"));
  EXPECT_THAT(cgroup_folders("memory", "3:memory:/\n",
                             "35 31 0:32 / /mnt/my\\040memory rw - cgroup none rw,memory\n"),
              ElementsAre("/mnt/my memory"));
}

TEST(Cgroup, BothVersionsAtOnce) {
  EXPECT_THAT(cgroup_folders("memory", "4:memory:/x\n0::/y\n",
                             "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                             "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"),
              ElementsAre("/sys/fs/cgroup/memory/x", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified/y",
                          "/sys/fs/cgroup/unified"));
}

TEST(Cgroup, AContainerSeesItsOwnFolderAlone) {
  const std::string mounts = "35 31 0:32 /docker/0af /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
  EXPECT_THAT(cgroup_folders("memory", "4:memory:/docker/0af\n", mounts),
              ElementsAre("/sys/fs/cgroup/memory"));
  EXPECT_THAT(cgroup_folders("memory", "4:memory:/docker/0af/sub\n", mounts),
              ElementsAre("/sys/fs/cgroup/memory/sub", "/sys/fs/cgroup/memory"));
  // With a namespace of its own, or moved elsewhere.
  EXPECT_THAT(cgroup_folders("memory", "4:memory:/\n", mounts), ElementsAre("/sys/fs/cgroup/memory"));
  EXPECT_THAT(cgroup_folders("memory", "4:memory:/../other\n", mounts), ElementsAre("/sys/fs/cgroup/memory"));
  EXPECT_THAT(
      cgroup_folders("memory", "0::/../../other\n", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
      ElementsAre("/sys/fs/cgroup"));
}

TEST(Cgroup, TextsThatSayNothing) {
  EXPECT_TRUE(cgroup_folders("cpu", "", "").empty());
  EXPECT_TRUE(
      cgroup_folders("cpu", "\n::\n0::relative\n4:cpu", "- cgroup\n - cgroup2 x\n1 2 3 / /x - cgroup2\n")
          .empty());
}

TEST(Cgroup, Quota) {
  const test::ScratchFolder scratch;
  EXPECT_EQ(cgroup_quota(scratch.path()), INFINITY);
  scratch.write("cpu.cfs_quota_us", "-1\n");
  scratch.write("cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cgroup_quota(scratch.path()), INFINITY);
  scratch.write("cpu.cfs_quota_us", "250000\n");
  EXPECT_EQ(cgroup_quota(scratch.path()), 2.5);
  scratch.write("cpu.max", "max 100000\n");
  EXPECT_EQ(cgroup_quota(scratch.path()), INFINITY);
  scratch.write("cpu.max", "150000 100000\n");
  EXPECT_EQ(cgroup_quota(scratch.path()), 1.5);
}

TEST(Cgroup, Memory) {
  const test::ScratchFolder scratch;
  constexpr auto none = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(cgroup_memory(scratch.path()), none);
  scratch.write("memory.max", "max\n");
  EXPECT_EQ(cgroup_memory(scratch.path()), none);
  scratch.write("memory.max", "1048576\n");
  EXPECT_EQ(cgroup_memory(scratch.path()), 1048576u);
  scratch.write("memory.limit_in_bytes", "4096\n");
  EXPECT_EQ(cgroup_memory(scratch.path()), 4096u);
}

}  // namespace
}  // namespace bart
