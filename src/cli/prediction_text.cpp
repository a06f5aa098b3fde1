#include "prediction_text.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "bart/formats/python_json.h"
#include "bart/platform/error.h"
#include "bart/formats/csv.h"

namespace bart {
namespace {

std::string ranked_json(const std::vector<Prediction>& predictions) {
  std::string json = "{";
  for (const Prediction& prediction : predictions) {
    json += json.size() > 1 ? ",\n    " : "\n    ";
    json += python_json_string(prediction.file) + ": [";
    for (std::size_t k = 0; k < prediction.ranking.size(); ++k) {
      fmt::format_to(
          std::back_inserter(json),
          "{}\n        {{\n            \"class\": {},\n            \"probability\": {}\n        }}",
          k > 0 ? "," : "", python_json_string(prediction.ranking[k].name),
          prediction.ranking[k].probability);
    }
    json += "\n    ]";
  }
  return json + "\n}";
}

std::string csv(const std::vector<Prediction>& predictions, bool with_probabilities) {
  std::string text = with_probabilities ? "file,rank,class,probability\n" : "file,class\n";
  for (const Prediction& prediction : predictions) {
    for (std::size_t k = 0; k < prediction.ranking.size(); ++k) {
      const RankedClass& ranked = prediction.ranking[k];
      text += csv_field(prediction.file) + ",";
      if (with_probabilities) text += fmt::format("{},", k + 1);
      text += csv_field(ranked.name);
      if (with_probabilities) text += fmt::format(",{}", ranked.probability);
      text += "\n";
    }
  }
  return text;
}

std::string plain(const std::vector<Prediction>& predictions, bool with_probabilities) {
  std::string text;
  for (const Prediction& prediction : predictions) {
    text += prediction.file + ":";
    for (std::size_t k = 0; k < prediction.ranking.size(); ++k) {
      const RankedClass& ranked = prediction.ranking[k];
      text += (k > 0 ? ", " : " ") + ranked.name;
      if (with_probabilities) text += fmt::format(" {:.1f}%", 100 * ranked.probability);
    }
    text += "\n";
  }
  return text;
}

}  // namespace

PredictionFormat prediction_format(const std::string& name) {
  if (name == "json") return PredictionFormat::json;
  if (name == "csv") return PredictionFormat::csv;
  if (name == "text") return PredictionFormat::text;
  throw UsageError(fmt::format("--format must be json, csv or text, not {}", name));
}

std::string default_output(PredictionFormat format) {
  switch (format) {
    case PredictionFormat::json:
      return "results.json";
    case PredictionFormat::csv:
      return "results.csv";
    case PredictionFormat::text:
      break;
  }
  return "-";
}

std::string prediction_text(const std::vector<Prediction>& predictions, PredictionFormat format,
                            bool with_probabilities) {
  switch (format) {
    case PredictionFormat::csv:
      return csv(predictions, with_probabilities);
    case PredictionFormat::text:
      return plain(predictions, with_probabilities);
    case PredictionFormat::json:
      break;
  }
  if (with_probabilities) return ranked_json(predictions);
  std::vector<std::pair<std::string, std::string>> entries;
  for (const Prediction& prediction : predictions) {
    entries.emplace_back(prediction.file, prediction.ranking.front().name);
  }
  return python_json_object(entries);
}

}  // namespace bart
