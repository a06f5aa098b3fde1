#pragma once

#include "bart/audit/audit.h"

namespace bart {

/// Throws Error if an index is not one of a picture or a class of the audit, or if there are not the
/// probabilities of all classes for each judged picture.
void check(const Audit& audit);

}  // namespace bart
