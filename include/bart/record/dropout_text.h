#pragma once

#include <string>
#include <string_view>

#include "bart/network/architecture.h"

namespace bart {

/// Sets the dropout rates of the blocks and then of the hidden layers from a text such as
/// "0.25,0.25,0.4,0.4,0.5,0.5". Returns false, with nothing changed, if the text is not that many numbers
/// from 0 to below 1.
bool set_dropout(std::string_view text, Architecture& architecture);

}  // namespace bart
