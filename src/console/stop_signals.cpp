#include "stop_signals.h"

#include <unistd.h>

namespace bart {
namespace {

volatile sig_atomic_t first_signal = 0;
volatile sig_atomic_t asked_to_stop = 0;  // by Ctrl-C or SIGTERM

extern "C" void on_stop_signal(int signal) {
  if (signal == SIGINT || signal == SIGTERM) {
    // Files are written aside and renamed, so exiting at any moment damages none.
    if (asked_to_stop != 0) ::_exit(128 + signal);
    asked_to_stop = 1;
  }
  if (first_signal == 0) first_signal = signal;
}

extern "C" void on_signal_of_first_process(int signal) {
  ::_exit(128 + signal);
}

struct sigaction calling(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  return action;
}

}  // namespace

StopSignals::StopSignals() {
  first_signal = 0;
  asked_to_stop = 0;
  const struct sigaction action = calling(on_stop_signal);
  for (std::size_t i = 0; i < all.size(); ++i) {
    ::sigaction(all[i], nullptr, &before_[i]);
    const bool always = all[i] == SIGINT || all[i] == SIGTERM;
    const bool taken = is_timer_signal(all[i]) && before_[i].sa_handler != SIG_DFL;
    if (always || (!taken && before_[i].sa_handler != SIG_IGN)) ::sigaction(all[i], &action, nullptr);
  }
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < all.size(); ++i) ::sigaction(all[i], &before_[i], nullptr);
}

int StopSignals::received() const {
  return first_signal;
}

const char* StopSignals::name() const {
  switch (first_signal) {
    case SIGINT:
      return "Ctrl-C";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP (the terminal was closed)";
    case SIGUSR1:
      return "SIGUSR1";
    case SIGUSR2:
      return "SIGUSR2";
    case SIGXCPU:
      return "SIGXCPU (the limit on processor time)";
    case SIGPIPE:
      return "SIGPIPE (nobody reads the messages any more)";
    case SIGALRM:
      return "SIGALRM (a timer)";
    case SIGVTALRM:
      return "SIGVTALRM (a timer of processor time)";
    case SIGPROF:
      return "SIGPROF (a timer of processor time)";
    default:
      return "nothing";
  }
}

void StopSignals::check(const std::string& left) const {
  if (received() != 0) throw Stopped(received(), std::string("stopped by ") + name() + ": " + left);
}

void end_on_signals_as_first_process() {
  if (::getpid() != 1) return;
  const struct sigaction action = calling(on_signal_of_first_process);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2})
    ::sigaction(signal, &action, nullptr);
}

}  // namespace bart
