// Unusual surroundings of a process: closed standard streams, a small stack.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <stdexcept>

#include "bart/platform/stack.h"
#include "bart/platform/standard_streams.h"

namespace bart {
namespace {

/// The exit code of a child process that does `work`; 128 + the signal where one ended it.
int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(StandardStreams, AreOpenAfterwardsWhicheverWereClosed) {
  for (int closed = 0; closed < 8; ++closed) {
    EXPECT_EQ(in_child([&] {
                for (int fd = 0; fd < 3; ++fd) {
                  if ((closed >> fd & 1) != 0) ::close(fd);
                }
                open_standard_streams();
                const int file = ::open("/dev/null", O_RDONLY);
                if (file < 3) return 10 + file;
                for (int fd = 0; fd < 3; ++fd) {
                  if ((closed >> fd & 1) == 0) continue;
                  char byte = 0;
                  if (::write(fd, &byte, 1) != -1 || ::read(fd, &byte, 1) != -1) return 20 + fd;
                }
                return 0;
              }),
              0)
        << closed;
  }
}

/// Takes a megabyte of stack, which the compiler must not take away.
__attribute__((noinline)) int use_stack() {
  volatile char block[1 << 20];
  std::memset(const_cast<char*>(block), 1, sizeof block);
  return block[12345];
}

TEST(Stack, IsEnoughUnderASmallLimit) {
  EXPECT_EQ(in_child([] {
              const struct rlimit small { 200 << 10, 200 << 10 };
              if (::setrlimit(RLIMIT_STACK, &small) != 0) return 2;
              return run_with_enough_stack([] { return use_stack() == 1 ? 7 : 3; });
            }),
            7);
}

TEST(Stack, PassesOnWhatIsReturnedAndThrown) {
  EXPECT_EQ(run_with_enough_stack([] { return 5; }), 5);
  EXPECT_THROW(run_with_enough_stack([]() -> int { throw std::runtime_error("x"); }), std::runtime_error);
  EXPECT_EQ(in_child([] {
              const struct rlimit small { 200 << 10, 200 << 10 };
              if (::setrlimit(RLIMIT_STACK, &small) != 0) return 2;
              try {
                return run_with_enough_stack([]() -> int { throw std::runtime_error("x"); });
              } catch (const std::runtime_error&) {
                return 7;
              }
            }),
            7);
}

}  // namespace
}  // namespace bart
