#pragma once

namespace bart {

/// How much the program says while it works: log lines and the progress bar.
struct Verbosity {
  bool quiet = false;    // warnings and errors only
  bool verbose = false;  // details as well
};

/// Set once, before a command runs.
void set_verbosity(Verbosity verbosity);
Verbosity verbosity();

}  // namespace bart
