#pragma once

namespace bart {

/// How much the program says while it works: log lines and the progress bar.
struct Verbosity {
  bool quiet = false;    // warnings and errors only
  bool verbose = false;  // details as well
  bool silent = false;   // no warnings either: another process of a launcher says everything
};

/// Set once, before a command runs.
void set_verbosity(Verbosity verbosity);
Verbosity verbosity();

}  // namespace bart
