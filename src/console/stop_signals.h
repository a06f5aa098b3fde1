#pragma once

#include <signal.h>

#include <array>
#include <cstddef>

namespace bart {

/// While this object exists, a signal that asks the process to end only sets a mark, so that a training can
/// save a checkpoint and end in good order. These signals are Ctrl-C (SIGINT) and SIGTERM; SIGHUP from a
/// terminal that is closed; SIGUSR1 and SIGUSR2, with which batch systems announce the end of a job; SIGXCPU
/// from a limit on processor time; and SIGPIPE, when the reader of the messages is gone. A second Ctrl-C or
/// SIGTERM ends the process at once. There may be one object at a time.
///
/// SIGHUP and the signals listed after it stay ignored if they were ignored before, as under nohup(1).
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

  static constexpr std::array<int, 7> all = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGPIPE};

 private:
  std::array<struct sigaction, all.size()> before_{};
};

/// Makes signals end this process when it is the first one of its container (process id 1). The kernel
/// delivers to such a process only the signals that it handles (pid_namespaces(7)), so that `docker stop`
/// would wait in vain.
void end_on_signals_as_first_process();

}  // namespace bart
