#pragma once

#include <string>
#include <vector>

namespace bart {

struct RankedClass {
  std::string name;
  float probability;
};

/// A picture's name and its classes, most probable first; at least one.
struct Prediction {
  std::string file;
  std::vector<RankedClass> ranking;
};

enum class PredictionFormat { json, csv, text };

/// Throws UsageError for anything but json, csv and text.
PredictionFormat prediction_format(const std::string& name);

/// Where predictions go when nothing is said: "results.json", "results.csv" or "-".
std::string default_output(PredictionFormat format);

/// JSON is the original's results.json, {"file": "class", …} as json.dump(…, indent=4) writes it; with
/// probabilities each file has a list of {"class": …, "probability": …}.
std::string prediction_text(const std::vector<Prediction>& predictions, PredictionFormat format,
                            bool with_probabilities);

}  // namespace bart
