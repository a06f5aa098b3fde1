#pragma once

#include <string>

#include "bart/dataset/load.h"
#include "bart/model/model.h"
#include "bart/record/run_record.h"
#include "bart/training/predictions.h"

namespace bart {

/// Writes the report.html and the model_card.md of a training. `test` are the test pictures among `pictures`,
/// and `predictions` those of `model` for them. Returns a sentence about a model_card.md that a person wrote
/// or changed, and that is kept under another name; empty where there is none.
std::string write_report(const RecordedRun& run, const Model& model, const LoadedPictures& pictures,
                         std::span<const std::uint32_t> test, const Predictions& predictions);

}  // namespace bart
