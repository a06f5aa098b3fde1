#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command_texts.h"

namespace bart {

/// The candidate that `typed` most likely stands for, or an empty text. `typed` must be its beginning, or at
/// most a third of the letters may be missing, extra, wrong or swapped with their neighbour.
std::string nearest(std::string_view typed, const std::vector<std::string>& candidates);

/// "; did you mean --epochs?" with the nearest candidate, or the one that other programs call so; else an
/// empty text.
std::string did_you_mean(std::string_view typed, const std::vector<std::string>& candidates);

/// A suggestion for arguments that were not understood: "; did you mean --epochs?", or an empty text.
/// `command` is the command that was being typed; empty if there was none.
std::string suggestion(const std::vector<std::string>& unknown, const std::string& command,
                       const std::vector<CommandText>& commands);

}  // namespace bart
