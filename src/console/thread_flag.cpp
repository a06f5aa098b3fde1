#include "thread_flag.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "bart/platform/threads.h"
#include "log.h"
#include "progress.h"

namespace bart {

std::string startable_threads_text(std::string& value) {
  int asked = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), asked);
  if (error == std::errc::invalid_argument || end != value.data() + value.size())
    return {};  // CLI11 reports the error
  if (error != std::errc() || asked < 0 || asked > most_threads) {
    return fmt::format("must be from 1 to {}, or 0 for as many as this process may use, not {}", most_threads,
                       value);
  }
  if (asked == 0) return {};
  const int startable = (startable_threads(2 * asked - 1) + 1) / 2;  // as available_threads()
  if (startable < asked) {
    Progress none;
    Log("Batlogger", none)
        .warning(fmt::format(
            "This process can start only {} of {} threads (ulimit -u, the limits of its container, "
            "or memory): continuing with {}",
            startable, asked, startable));
    value = std::to_string(startable);
  }
  return {};
}

}  // namespace bart
