#include "log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "bart/platform/printable.h"
#include "terminal.h"
#include "verbosity.h"

namespace bart {
namespace {

Verbosity chosen;

}  // namespace

void set_verbosity(Verbosity wanted) {
  chosen = wanted;
}

Verbosity verbosity() {
  return chosen;
}

void Log::info(std::string_view message) {
  if (!chosen.quiet) write("INFO", message);
}

void Log::warning(std::string_view message) {
  write("WARNING", message);
}

void Log::detail(std::string_view message) {
  if (chosen.verbose) write("DEBUG", message);
}

void Log::write(const char* level, std::string_view message) {
  if (chosen.silent) return;
  const std::string_view name = level;
  const Style style = name == "WARNING" ? Style::warning : name == "DEBUG" ? Style::quiet : Style::plain;
  progress_.above([&] {
    // Python's logging with format '%(asctime)s - %(name)s - %(levelname)s - %(message)s'.
    const std::string line =
        fmt::format("{:%d/%m/%Y %H:%M:%S} - {} - {} - {}\n", fmt::localtime(std::time(nullptr)), name_,
                    styled(level, style, shows_colours(STDERR_FILENO)), printable_line(message));
    if (writer_ != nullptr) {
      writer_->add(line);
    } else {
      std::fwrite(line.data(), 1, line.size(), stderr);
    }
  });
}

}  // namespace bart
