#pragma once

#include <string>
#include <vector>

namespace bart {

/// The command line with every flag's underscores turned into dashes, so that the original's --folder_name
/// and
/// --folder-name are one flag. Values are left alone.
std::vector<std::string> dashed_arguments(int argc, const char* const* argv);

/// The command line as a shell would take it again.
std::string quoted_command(int argc, const char* const* argv);

}  // namespace bart
