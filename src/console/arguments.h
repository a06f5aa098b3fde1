#pragma once

#include <string>
#include <vector>

namespace bart {

/// The command line with the underscores of every flag turned into dashes, so that the original's
/// --folder_name means --folder-name. Values are left alone.
std::vector<std::string> dashed_arguments(int argc, const char* const* argv);

/// The command line, quoted so that a shell understands it.
std::string quoted_command(int argc, const char* const* argv);

}  // namespace bart
