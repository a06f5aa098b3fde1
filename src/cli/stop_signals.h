#pragma once

namespace bart {

/// While it lives, the first SIGINT (Ctrl-C) or SIGTERM only sets a mark, for a training to end in good
/// order; a second one ends the process at once. One at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The signal that came, 0 while none did.
  int received() const;
};

}  // namespace bart
