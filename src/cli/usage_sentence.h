#pragma once

#include <CLI/App.hpp>
#include <string>

namespace bart {

/// What was wrong with a command line, in a sentence of BART's own words where CLI11's name its inner
/// workings ("1 required INT missing"); it says what may have been meant, and ends with the command whose
/// --help tells more.
std::string usage_sentence(const CLI::App& program, const CLI::ParseError& error);

}  // namespace bart
