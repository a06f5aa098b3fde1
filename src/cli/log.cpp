#include "log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>
#include <ctime>

#include "bart/platform/printable.h"

namespace bart {

void Log::write(const char* level, std::string_view message) {
  progress_.above([&] {
    // Python's logging with format '%(asctime)s - %(name)s - %(levelname)s - %(message)s'.
    const std::string line =
        fmt::format("{:%d/%m/%Y %H:%M:%S} - {} - {} - {}\n", fmt::localtime(std::time(nullptr)), name_, level,
                    printable(message));
    std::fwrite(line.data(), 1, line.size(), stderr);
  });
}

}  // namespace bart
