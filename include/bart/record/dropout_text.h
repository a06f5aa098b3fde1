#pragma once

#include <string>
#include <string_view>

#include "bart/network/architecture.h"

namespace bart {

/// Takes the dropout of each block and then of each hidden layer from "0.25,0.25,0.4,0.4,0.5,0.5". False, and
/// nothing changed, where the text is not as many numbers from 0 to below 1.
bool set_dropout(std::string_view text, Architecture& architecture);

}  // namespace bart
