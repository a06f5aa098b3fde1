#pragma once

namespace CLI {
class App;
}

namespace bart {

/// Adds --timeout, the seconds to wait for the other processes of a launcher.
void add_timeout_flag(CLI::App& command, int& seconds);

}  // namespace bart
