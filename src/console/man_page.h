#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command_texts.h"

namespace bart {

/// The manual page (man(7)) of `command`. The first of the commands is the program itself, whose page lists
/// the others.
std::string man_page(const CommandText& command, const std::vector<CommandText>& commands,
                     std::string_view version);

}  // namespace bart
