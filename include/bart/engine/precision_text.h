#pragma once

#include "bart/engine/precision.h"

namespace bart {

/// "f32", "bf16" or "tf32".
const char* precision_text(Precision precision);

}  // namespace bart
