#include "timeout_flag.h"

#include <CLI/CLI.hpp>

namespace bart {

void add_timeout_flag(CLI::App& command, int& seconds) {
  command
      .add_option("--timeout", seconds,
                  "Under mpirun or srun: seconds to wait for an answer from the other processes")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
}

}  // namespace bart
