#pragma once

#include <string>

namespace bart {

/// Checks the value of --threads, and lowers it to what can be started, with a warning. Returns what is wrong
/// with it, or an empty text, as CLI11 takes it.
std::string startable_threads_text(std::string& value);

}  // namespace bart
