#include "precision.h"

#include <CLI/CLI.hpp>

#include "bart/platform/error.h"

namespace bart {

const std::string prediction_precision_help =
    "f32, bf16 (about twice as fast where the processor multiplies it, probabilities off by a few "
    "thousandths), or auto: bf16 where the processor multiplies it";

void add_precision_flag(CLI::App& command, std::string& precision, const std::string& help) {
  command.add_option("--precision", precision, help)
      ->check(CLI::IsMember({"auto", "bf16", "f32"}))
      ->capture_default_str();
}

Precision precision_named(const std::string& name) {
  if (name == "bf16" && !runs_bf16()) {
    throw UsageError("--precision bf16: there are no kernels for this processor: use --precision f32");
  }
  return name == "bf16" || (name == "auto" && multiplies_bf16()) ? Precision::bf16 : Precision::f32;
}

}  // namespace bart
