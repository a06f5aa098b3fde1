#pragma once

#include <string>
#include <vector>

#include "command_texts.h"

namespace bart {

/// A script that makes a shell complete commands, flags, the values of flags that take one of a few values,
/// and files everywhere else.
std::string bash_completion(const std::vector<CommandText>& commands);
std::string zsh_completion(const std::vector<CommandText>& commands);
std::string fish_completion(const std::vector<CommandText>& commands);

}  // namespace bart
