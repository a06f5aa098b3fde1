#include "bart/platform/stack.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <cstddef>
#include <cstring>
#include <exception>

#include "bart/platform/error.h"

namespace bart {
namespace {

constexpr std::size_t enough = std::size_t{8} << 20;  // Linux' default

struct Call {
  const std::function<int()>& program;
  int result = 0;
  std::exception_ptr failure;
};

void* run(void* argument) {
  auto& call = *static_cast<Call*>(argument);
  try {
    call.result = call.program();
  } catch (...) {
    call.failure = std::current_exception();
  }
  return nullptr;
}

}  // namespace

int run_with_enough_stack(const std::function<int()>& program) {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= enough) return program();
  // Threads that start later, OpenMP's included, take their stack size from the limit at the start of the
  // process. The size that a thread asks for itself is not bounded by it.
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, enough);
  ::pthread_setattr_default_np(&attributes);
  Call call{program, 0, nullptr};
  pthread_t thread{};
  const int error = ::pthread_create(&thread, &attributes, run, &call);
  ::pthread_attr_destroy(&attributes);
  if (error != 0) {
    throw Error(
        fmt::format("cannot start a thread with a stack of 8 MB ({}); the stack of this process may only "
                    "have {} kB (ulimit -s)",
                    std::strerror(error), limit.rlim_cur / 1024));
  }
  ::pthread_join(thread, nullptr);
  if (call.failure) std::rethrow_exception(call.failure);
  return call.result;
}

}  // namespace bart
