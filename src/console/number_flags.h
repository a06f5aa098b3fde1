#pragma once

namespace CLI {
class App;
}

namespace bart {

/// Makes the numbers after the command's flags mean what they say: CLI11 takes 010 for 8, as C does, -1 for
/// the largest number where none is negative, and a number that is out of range for the nearest one.
void read_numbers_as_written(CLI::App& command);

}  // namespace bart
