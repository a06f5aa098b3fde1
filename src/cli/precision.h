#pragma once

#include <string>

#include "bart/engine/engine.h"

namespace CLI {
class App;
}

namespace bart {

/// Adds --precision to a command that predicts.
void add_precision_flag(CLI::App& command, std::string& precision);

/// f32 or bf16 by name; auto is bf16 where the processor multiplies it. Throws UsageError for bf16 where it
/// does not.
Precision precision_named(const std::string& name);

}  // namespace bart
