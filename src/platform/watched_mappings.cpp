#include "watched_mappings.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>

#include "bart/platform/printable.h"

namespace bart {
namespace {

/// The signal handler searches all of these while other threads may add or remove theirs. It uses only the
/// sentence of the mapping that its own thread reads, which stays as long as it is read.
struct Watched {
  std::atomic<std::uintptr_t> first = 0;  // 0: not in use
  std::atomic<std::size_t> bytes = 0;
  const std::string* sentence =
      nullptr;  // a bare pointer, because it must not be destroyed before the process ends
};
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free &&
              std::atomic<std::size_t>::is_always_lock_free);

constinit std::array<Watched, 32> watched;
constinit std::mutex watching;
int in_use = 0;
struct sigaction before {};  // what SIGBUS did

/// Everything in here is async-signal-safe (signal-safety(7)).
[[noreturn]] void end_with(const std::string& sentence) {
  static constinit std::atomic_flag said;
  if (said.test_and_set()) {  // another thread prints it and ends the process
    while (true) ::pause();
  }
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, sentence.data(), sentence.size());
  ::_exit(1);
}

void hand_on(int signal, siginfo_t* info, void* context) {
  if ((before.sa_flags & SA_SIGINFO) != 0) return before.sa_sigaction(signal, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) return before.sa_handler(signal);
  const bool sent = info->si_code <= 0;  // sent by kill(2), so no instruction would fail again
  if (sent && before.sa_handler == SIG_IGN) return;
  ::sigaction(SIGBUS, &before, nullptr);
  if (sent) ::raise(signal);
}

extern "C" void on_bus_error(int signal, siginfo_t* info, void* context) {
  if (info->si_code > 0) {
    const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
    for (const Watched& mapping : watched) {
      if (at - mapping.first < mapping.bytes) end_with(*mapping.sentence);
    }
  }
  hand_on(signal, info, context);
}

bool is_ours(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == on_bus_error;
}

void install() {
  struct sigaction now {};
  ::sigaction(SIGBUS, nullptr, &now);
  if (is_ours(now)) return;
  before = now;
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
}

void uninstall() {
  struct sigaction now {};
  ::sigaction(SIGBUS, nullptr, &now);
  if (is_ours(now))
    ::sigaction(SIGBUS, &before, nullptr);  // else another handler was installed later, which may call ours
}

}  // namespace

void watch_mapping(const std::uint8_t* first, std::size_t bytes, std::string_view sentence) {
  const std::lock_guard lock(watching);
  for (Watched& mapping : watched) {
    if (mapping.first != 0) continue;
    // On a terminal the line may hold a progress bar.
    mapping.sentence = new std::string(
        fmt::format("{}bart: {}\n", ::isatty(STDERR_FILENO) != 0 ? "\n" : "", printable(sentence)));
    mapping.first = reinterpret_cast<std::uintptr_t>(first);
    mapping.bytes = bytes;
    if (++in_use == 1) install();
    return;
  }
}

void unwatch_mapping(const std::uint8_t* first) {
  const std::lock_guard lock(watching);
  for (Watched& mapping : watched) {
    if (mapping.first != reinterpret_cast<std::uintptr_t>(first)) continue;
    mapping.bytes = 0;
    mapping.first = 0;
    delete mapping.sentence;
    if (--in_use == 0) uninstall();
    return;
  }
}

}  // namespace bart
