#pragma once

#include <string>

#include "bart/engine/engine.h"

namespace CLI {
class App;
}

namespace bart {

/// Adds --precision; `help` says what it does there.
void add_precision_flag(CLI::App& command, std::string& precision, const std::string& help);

/// What it does to predictions.
extern const std::string prediction_precision_help;

/// f32 or bf16 by name; auto is bf16 where the processor multiplies it. Throws UsageError for bf16 where it
/// does not.
Precision precision_named(const std::string& name);

}  // namespace bart
