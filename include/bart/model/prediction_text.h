#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bart/model/model.h"

namespace bart {

/// The `count` most probable classes, the most probable first; equally probable ones in the order of the
/// classes.
std::vector<ClassProbability> ranking(std::span<const float> probabilities,
                                      const std::vector<std::string>& classes, std::size_t count);

/// A JSON list, [{"class": …, "probability": …}, …], with as many digits as give the same float.
std::string json_classes(std::span<const ClassProbability> classes);

/// What a picture is called whose class is not sure.
inline constexpr const char* unsure_name = "unsure";

/// The classes that are at least so probable; if there is none, unsure_name with the probability of the
/// first. `classes` are those of ranking(), at least one.
std::vector<ClassProbability> sure_ones(std::vector<ClassProbability> classes, double least_probability);

enum class PredictionFormat {
  json,
  jsonl,
  csv,
  text,
  table,  // for a terminal: a line per class, with a bar
};

/// Writes predictions as text, one after the other, without keeping them.
class PredictionWriter {
 public:
  /// JSON is the original's results.json, {"file": "class", …} as json.dump(…, indent=4) writes it; with
  /// probabilities each file has a list of {"class": …, "probability": …}. `write` gets the pieces of the
  /// text in order.
  ///
  /// With the names of several `models` each picture also has whether they agree and the class that each of
  /// them says; JSON is then {"models": [names], "pictures": {"file": {…}, …}, "agreement": {…}}. Text and
  /// table show the classes only of pictures on which the models differ. The bars of a table end within
  /// `columns`.
  PredictionWriter(PredictionFormat format, bool with_probabilities,
                   std::function<void(std::string_view)> write, std::vector<std::string> models = {},
                   std::size_t columns = 80);

  /// `classes` are the most probable ones, the most probable first; without probabilities only the first one
  /// counts. `by_model` is the class that each of several models says. Throws Error without a class, when the
  /// models are not as many as were named, and for a probability that is not finite.
  void add(std::string_view file, std::span<const ClassProbability> classes,
           std::span<const std::string> by_model = {});
  /// Must be called after the last prediction, for several models with ModelAgreement::json().
  void finish(std::string_view agreement = "null");

 private:
  PredictionFormat format_;
  bool with_probabilities_;
  std::function<void(std::string_view)> write_;
  std::vector<std::string> models_;
  std::size_t columns_;
  bool first_ = true;
};

}  // namespace bart
