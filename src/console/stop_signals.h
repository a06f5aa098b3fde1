#pragma once

#include <signal.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "bart/platform/error.h"
#include "bart/platform/timer_signals.h"

namespace bart {

/// A signal has ended a command between two of its steps. The program exits with 128 plus its number.
class Stopped : public Error {
 public:
  Stopped(int signal, const std::string& sentence) : Error(sentence), signal_(signal) {}
  int code() const { return 128 + signal_; }

 private:
  int signal_;
};

/// While this object exists, a signal that asks the process to end only sets a mark, so that a training can
/// save a checkpoint and end in good order. These signals are Ctrl-C (SIGINT) and SIGTERM; SIGHUP from a
/// terminal that is closed; SIGUSR1 and SIGUSR2, with which batch systems announce the end of a job; SIGXCPU
/// from a limit on processor time; SIGPIPE, when the reader of the messages is gone; and SIGALRM, SIGVTALRM
/// and SIGPROF from a timer that was set before the program began. A second Ctrl-C or SIGTERM ends the
/// process at once. There may be one object at a time.
///
/// SIGHUP and the signals listed after it stay ignored if they were ignored before, as under nohup(1). Those
/// of timers stay with a handler that they have, such as a profiler's.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The first signal that came, 0 if none has.
  int received() const;
  /// How to name it: "Ctrl-C", "SIGTERM", "SIGHUP (the terminal was closed)".
  const char* name() const;
  /// Throws Stopped, "stopped by Ctrl-C: " and what is left of the work, if a signal has come.
  void check(const std::string& left) const;

  static constexpr auto all = [] {
    constexpr std::array others = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGPIPE};
    std::array<int, others.size() + timer_signals.size()> both{};
    std::ranges::copy(timer_signals, std::ranges::copy(others, both.begin()).out);
    return both;
  }();

 private:
  std::array<struct sigaction, all.size()> before_{};
};

/// Makes signals end this process when it is the first one of its container (process id 1). The kernel
/// delivers to such a process only the signals that it handles (pid_namespaces(7)), so that `docker stop`
/// would wait in vain.
void end_on_signals_as_first_process();

}  // namespace bart
