#include "bart/model/prediction_text.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "bart/formats/csv.h"
#include "bart/formats/python_json.h"
#include "bart/platform/printable.h"

namespace bart {
namespace {

/// The element of a JSON object whose elements are indented by four spaces, as json.dump(…, indent=4) does.
std::string json_element(std::string_view file, std::span<const ClassProbability> classes,
                         bool with_probabilities) {
  std::string json = "\n    " + python_json_string(file) + ": ";
  if (!with_probabilities) return json + python_json_string(classes.front().name);
  json += "[";
  for (std::size_t k = 0; k < classes.size(); ++k) {
    fmt::format_to(std::back_inserter(json),
                   "{}\n        {{\n            \"class\": {},\n            \"probability\": {}\n        }}",
                   k > 0 ? "," : "", python_json_string(classes[k].name), classes[k].probability);
  }
  return json + "\n    ]";
}

std::string json_line(std::string_view file, std::span<const ClassProbability> classes,
                      bool with_probabilities) {
  std::string line = "{\"file\": " + python_json_string(file);
  if (!with_probabilities) return line + ", \"class\": " + python_json_string(classes.front().name) + "}\n";
  return line + ", \"classes\": " + json_classes(classes) + "}\n";
}

std::string csv_name(std::string_view name) {
  return csv_field(printable(name));
}

std::string csv_lines(std::string_view file, std::span<const ClassProbability> classes,
                      bool with_probabilities) {
  if (!with_probabilities) return fmt::format("{},{}\n", csv_name(file), csv_name(classes.front().name));
  std::string lines;
  for (std::size_t k = 0; k < classes.size(); ++k) {
    fmt::format_to(std::back_inserter(lines), "{},{},{},{}\n", csv_name(file), k + 1,
                   csv_name(classes[k].name), classes[k].probability);
  }
  return lines;
}

std::string text_line(std::string_view file, std::span<const ClassProbability> classes,
                      bool with_probabilities) {
  std::string line = printable(file) + ":";
  if (!with_probabilities) return line + " " + printable(classes.front().name) + "\n";
  for (std::size_t k = 0; k < classes.size(); ++k) {
    fmt::format_to(std::back_inserter(line), "{}{} {:.1f}%", k > 0 ? ", " : " ", printable(classes[k].name),
                   100 * classes[k].probability);
  }
  return line + "\n";
}

std::string table_lines(std::string_view file, std::span<const ClassProbability> classes) {
  constexpr std::size_t name_columns = 26, cells = 20;
  std::string lines = printable(file) + "\n";
  for (const ClassProbability& one : classes) {
    const std::string name = printable(one.name);
    const std::size_t used = columns_of(name);
    std::string bar;
    for (std::size_t i = 0; i < cells; ++i) {
      if (static_cast<double>(one.probability) * cells >= static_cast<double>(i) + 0.5) bar += "█";
    }
    lines += fmt::format("  {}{} {:5.1f} % {}", name,
                         std::string(used < name_columns ? name_columns - used : 0, ' '),
                         100 * one.probability, bar);
    while (lines.ends_with(' ')) lines.pop_back();
    lines += '\n';
  }
  return lines;
}

}  // namespace

std::vector<ClassProbability> sure_ones(std::vector<ClassProbability> classes, double least_probability) {
  const float most = classes.front().probability;
  std::erase_if(classes, [&](const ClassProbability& one) {
    return !(static_cast<double>(one.probability) >= least_probability);
  });
  if (classes.empty()) classes.push_back({"unsure", most});
  return classes;
}

std::vector<ClassProbability> ranking(std::span<const float> probabilities,
                                      const std::vector<std::string>& classes, std::size_t count) {
  std::vector<ClassProbability> ranked;
  for (const std::int32_t label : likeliest_classes(probabilities, count)) {
    const auto c = static_cast<std::size_t>(label);
    ranked.push_back({classes[c], probabilities[c]});
  }
  return ranked;
}

std::string json_classes(std::span<const ClassProbability> classes) {
  std::string list = "[";
  for (std::size_t k = 0; k < classes.size(); ++k) {
    fmt::format_to(std::back_inserter(list), "{}{{\"class\": {}, \"probability\": {}}}", k > 0 ? ", " : "",
                   python_json_string(classes[k].name), classes[k].probability);
  }
  return list + "]";
}

PredictionWriter::PredictionWriter(PredictionFormat format, bool with_probabilities,
                                   std::function<void(std::string_view)> write)
    : format_(format), with_probabilities_(with_probabilities), write_(std::move(write)) {}

void PredictionWriter::add(std::string_view file, std::span<const ClassProbability> classes) {
  switch (format_) {
    case PredictionFormat::json:
      write_(first_ ? "{" : ",");
      write_(json_element(file, classes, with_probabilities_));
      break;
    case PredictionFormat::jsonl:
      write_(json_line(file, classes, with_probabilities_));
      break;
    case PredictionFormat::csv:
      if (first_) write_(with_probabilities_ ? "file,rank,class,probability\n" : "file,class\n");
      write_(csv_lines(file, classes, with_probabilities_));
      break;
    case PredictionFormat::text:
      write_(text_line(file, classes, with_probabilities_));
      break;
    case PredictionFormat::table:
      write_(table_lines(file, classes));
      break;
  }
  first_ = false;
}

void PredictionWriter::finish() {
  if (format_ == PredictionFormat::json) write_(first_ ? "{}" : "\n}");
}

}  // namespace bart
