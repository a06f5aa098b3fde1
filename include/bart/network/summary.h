#pragma once

#include <string>

#include "bart/network/architecture.h"

namespace bart {

/// The table of a network for people: a row per layer with its type, the shape of its output for one picture
/// and the number of its parameters; after each part ("block1") and at the end a row with the sum. Throws
/// Error when there is no such network.
std::string summary_text(const Architecture& architecture);

}  // namespace bart
