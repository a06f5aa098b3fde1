#include "stop_signals.h"

#include <signal.h>
#include <unistd.h>

namespace bart {
namespace {

volatile sig_atomic_t first_signal = 0;

/// Files are written aside and renamed, so leaving at any moment damages none.
extern "C" void on_signal(int signal) {
  if (first_signal != 0) ::_exit(128 + signal);
  first_signal = signal;
}

void handle(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

StopSignals::StopSignals() {
  first_signal = 0;
  handle(on_signal);
}

StopSignals::~StopSignals() {
  handle(SIG_DFL);
}

int StopSignals::received() const {
  return first_signal;
}

}  // namespace bart
