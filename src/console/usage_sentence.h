#pragma once

#include <CLI/App.hpp>
#include <string>

namespace bart {

/// A sentence about what was wrong with a command line, in place of CLI11's messages about its inner workings
/// ("1 required INT missing"). It suggests what may have been meant and ends with the command whose --help
/// tells more.
std::string usage_sentence(const CLI::App& program, const CLI::ParseError& error);

}  // namespace bart
