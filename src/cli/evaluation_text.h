#pragma once

#include <string>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/training/metrics.h"

namespace bart {

/// What was evaluated, on what.
struct Evaluated {
  std::string model;                 // its file
  std::string folder;                // of the pictures
  bool test_pictures;                // those that a training kept for testing, not all of the folder
  std::vector<std::string> classes;  // the model's
  std::vector<SkippedPicture> skipped;
  Evaluation evaluation;
};

/// scikit-learn's report, then the figures, then the mistakes made most.
std::string evaluation_text(const Evaluated& evaluated);

/// Everything, as one JSON object.
std::string evaluation_json(const Evaluated& evaluated);

/// A row a class of the report: precision, recall, F1, support, predictions.
std::string class_csv(const Evaluated& evaluated);

/// A row a true class, a column a predicted one, both with their names.
std::string confusion_csv(const Evaluated& evaluated);

}  // namespace bart
