// Preloaded before the program, this library makes one call that changes the disk fail, as BART_FAULT says:
// with "N:ERRNO" the Nth call fails with that number (half of a write is written first), with "N:kill" the
// process ends there. It reports what it did to the file BART_FAULT_REPORT. Calls that BART_WITHOUT names
// ("flock chmod") always fail, as on a file system without them.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

namespace {

std::atomic<long> calls{0};

/// Whether the file system shall be one without this call.
bool is_without(const char* call) {
  const char* names = ::getenv("BART_WITHOUT");
  return names != nullptr && ::strstr(names, call) != nullptr;
}

template <typename Function>
Function next(const char* name, Function) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

void report(const char* call, long number) {
  const char* path = ::getenv("BART_FAULT_REPORT");
  if (path == nullptr) return;
  char line[64];
  const int size = ::snprintf(line, sizeof line, "%ld %s\n", number, call);
  const long fd = ::syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::syscall(SYS_write, fd, line, size);
  ::syscall(SYS_close, fd);
}

/// The error that this call shall return, 0 for none. `before_kill` is called before the process is killed.
template <typename BeforeKill>
int fault(const char* call, BeforeKill before_kill) {
  const char* wanted = ::getenv("BART_FAULT");
  if (wanted == nullptr) return 0;
  char* colon = nullptr;
  const long number = ::strtol(wanted, &colon, 10);
  if (++calls != number) return 0;
  report(call, number);
  if (::strcmp(colon, ":kill") == 0) {
    before_kill();
    ::raise(SIGKILL);
  }
  return ::atoi(colon + 1);
}

int fault(const char* call) {
  return fault(call, [] {});
}

}  // namespace

#define FAIL_IF(call)                  \
  if (const int error = fault(call)) { \
    errno = error;                     \
    return -1;                         \
  }

extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) {
  const auto real = next("write", &write);
  if (fd <= 2) return real(fd, bytes, size);
  static thread_local bool half_written = false;  // the rest of the write that is to fail
  static thread_local int pending = 0;
  if (half_written) {
    half_written = false;
    errno = pending;
    return -1;
  }
  const int error = fault("write", [&] { real(fd, bytes, size / 2); });
  if (error == 0) return real(fd, bytes, size);
  if (size >= 2) {
    half_written = true;
    pending = error;
    return real(fd, bytes, size / 2);
  }
  errno = error;
  return -1;
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  FAIL_IF("pwrite")
  return next("pwrite", &pwrite)(fd, bytes, size, offset);
}

int mkostemp(char* pattern, int flags) {
  FAIL_IF("mkostemp")
  return next("mkostemp", &mkostemp)(pattern, flags);
}

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  // Opening for reading is no change, but opening a folder comes before its sync.
  if ((flags & (O_CREAT | O_DIRECTORY)) != 0) {
    FAIL_IF("open")
  }
  return next("open", static_cast<int (*)(const char*, int, ...)>(&open))(path, flags, mode);
}

int fsync(int fd) {
  FAIL_IF("fsync")
  return next("fsync", &fsync)(fd);
}

int syncfs(int fd) {
  FAIL_IF("syncfs")
  return next("syncfs", &syncfs)(fd);
}

int flock(int fd, int operation) {
  if (is_without("flock")) {
    errno = ENOSYS;
    return -1;
  }
  return next("flock", &flock)(fd, operation);
}

int link(const char* from, const char* to) {
  if (is_without("link")) {
    errno = EPERM;
    return -1;
  }
  return next("link", &link)(from, to);
}

int fchmod(int fd, mode_t mode) {
  if (is_without("chmod")) {
    errno = EPERM;
    return -1;
  }
  FAIL_IF("fchmod")
  return next("fchmod", &fchmod)(fd, mode);
}

int ftruncate(int fd, off_t size) {
  FAIL_IF("ftruncate")
  return next("ftruncate", &ftruncate)(fd, size);
}

int renameat2(int old_folder, const char* from, int new_folder, const char* to, unsigned flags) {
  if (is_without("renameat2")) {
    errno = EINVAL;
    return -1;
  }
  return next("renameat2", &renameat2)(old_folder, from, new_folder, to, flags);
}

int rename(const char* from, const char* to) {
  FAIL_IF("rename")
  return next("rename", &rename)(from, to);
}

int mkdir(const char* path, mode_t mode) {
  FAIL_IF("mkdir")
  return next("mkdir", &mkdir)(path, mode);
}

}  // extern "C"
