#pragma once

namespace bart {

/// How much the program says on the way: log, progress bar.
struct Verbosity {
  bool quiet = false;    // warnings and errors alone
  bool verbose = false;  // details too
};

/// Set once, before a command runs.
void set_verbosity(Verbosity verbosity);
Verbosity verbosity();

}  // namespace bart
