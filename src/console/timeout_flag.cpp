#include "timeout_flag.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <string>
#include <system_error>

namespace bart {

void add_timeout_flag(CLI::App& command, int& seconds) {
  command
      .add_option("--timeout", seconds,
                  "Under mpirun or srun: seconds to wait for an answer from the other processes")
      ->check([](const std::string& value) {
        int wanted = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), wanted);
        return error == std::errc() && wanted >= 1 && wanted <= 86400
                   ? std::string()
                   : fmt::format("must be from 1 to 86400, not {}", value);
      })
      ->capture_default_str();
}

}  // namespace bart
