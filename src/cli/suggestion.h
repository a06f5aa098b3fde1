#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command_texts.h"

namespace bart {

/// The candidate that `typed` most likely stands for, or nothing: `typed` is its beginning, or at most a
/// third of the letters are missing, extra, wrong or swapped with their neighbour.
std::string nearest(std::string_view typed, const std::vector<std::string>& candidates);

/// What to say of arguments that were not understood: "; did you mean --epochs?", or nothing. `command` is
/// the one that was being typed, empty where there was none.
std::string suggestion(const std::vector<std::string>& unknown, const std::string& command,
                       const std::vector<CommandText>& commands);

}  // namespace bart
