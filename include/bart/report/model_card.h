#pragma once

#include <string>

#include "bart/record/run_record.h"
#include "bart/training/metrics.h"

namespace bart {

/// The card of a trained model in Markdown, after Mitchell et al., "Model Cards for Model Reporting" (2019):
/// what the model is, what it was trained on and how, how good it is on the test pictures, where it fails,
/// and how to use it.
std::string model_card(const RunRecord& run, const Evaluation& test);

}  // namespace bart
