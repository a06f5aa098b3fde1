#pragma once

#include "bart/inspect/inspect.h"

namespace bart {

/// Throws Error if an index is not one of a picture or a class of the inspection.
void check(const Inspection& inspection);

}  // namespace bart
