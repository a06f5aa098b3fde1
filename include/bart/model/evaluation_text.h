#pragma once

#include <string>
#include <vector>

#include "bart/model/model.h"

namespace bart {

/// An evaluation, and what was evaluated.
struct EvaluationReport {
  std::string model;                 // the file
  std::string folder;                // of the pictures
  bool test_pictures;                // they are those that a training kept for testing
  std::vector<std::string> classes;  // the model's
  FolderEvaluation result;
  bool mirror_images = false;  // each picture was judged together with its mirror image
};

/// The evaluation for people: scikit-learn's classification report, the figures, and the most confused
/// classes.
std::string evaluation_text(const EvaluationReport& report);

/// Everything as one JSON object.
std::string evaluation_json(const EvaluationReport& report);

/// CSV, one row per class of the report: precision, recall, F1, support, predictions.
std::string class_csv(const EvaluationReport& report);

/// One row per picture: its file, its class, the predicted class and the predicted class's probability.
std::string predictions_csv(const EvaluationReport& report);
/// The same as a JSON array of objects.
std::string predictions_json(const EvaluationReport& report);

/// CSV, one row per true class and one column per predicted class, both with their names.
std::string confusion_csv(const EvaluationReport& report);

}  // namespace bart
