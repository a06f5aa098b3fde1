#pragma once

#include "bart/training/predictions.h"

namespace bart {

/// Throws Error unless there are logits for each picture and each label is one of the classes.
void check(const Predictions& predictions);

}  // namespace bart
