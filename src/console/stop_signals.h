#pragma once

#include <signal.h>

#include <array>
#include <cstddef>

namespace bart {

/// While it lives, a signal that asks for the end only sets a mark, so that a training can save a checkpoint
/// and end in good order. These are Ctrl-C (SIGINT) and SIGTERM; SIGHUP of a terminal that is closed; SIGUSR1
/// and SIGUSR2, by which batch systems announce the end of a job; SIGXCPU of a limit on processor time; and
/// SIGPIPE, where whoever read the messages is gone. A second Ctrl-C or SIGTERM ends the process at once. One
/// object at a time.
///
/// SIGHUP and the signals after it stay ignored where they were, as under nohup(1).
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The signal that came first, 0 while none did.
  int received() const;
  /// What to call it: "Ctrl-C", "SIGTERM", "SIGHUP (the terminal was closed)".
  const char* name() const;

  static constexpr std::array<int, 7> all = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGPIPE};

 private:
  std::array<struct sigaction, all.size()> before_{};
};

/// Has signals end the process where it is the first of its container (process id 1): the kernel delivers to
/// that one only the signals that it handles (pid_namespaces(7)), so that `docker stop` would wait in vain.
void end_on_signals_as_first_process();

}  // namespace bart
