#include "bart/model/prediction_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "bart/formats/csv.h"
#include "bart/formats/python_json.h"
#include "bart/platform/error.h"
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

using Votes = std::span<const std::string>;  // the class that each of several models says

bool agree(Votes by_model) {
  return std::ranges::count(by_model, by_model.front()) == std::ssize(by_model);
}

std::string json_names(std::span<const std::string> names) {
  std::string list = "[";
  for (const std::string& name : names) list += (list.size() > 1 ? ", " : "") + python_json_string(name);
  return list + "]";
}

/// The members of the object of a picture, without its braces.
std::string json_members(std::span<const ClassProbability> classes, bool with_probabilities, Votes by_model) {
  std::string members = with_probabilities ? "\"classes\": " + json_classes(classes)
                                           : "\"class\": " + python_json_string(classes.front().name);
  if (!by_model.empty()) {
    members += fmt::format(", \"agree\": {}, \"by_model\": {}", agree(by_model), json_names(by_model));
  }
  return members;
}

std::string csv_name(std::string_view name) {
  return csv_field(printable(name));
}

std::string csv_header(bool with_probabilities, std::size_t models) {
  std::string header = with_probabilities ? "file,rank,class,probability" : "file,class";
  if (models > 0) header += ",agree";
  for (std::size_t i = 1; i <= models; ++i) header += fmt::format(",model_{}", i);
  return header + "\n";
}

std::string csv_lines(std::string_view file, std::span<const ClassProbability> classes,
                      bool with_probabilities, Votes by_model) {
  std::string votes;
  if (!by_model.empty()) votes = agree(by_model) ? ",yes" : ",no";
  for (const std::string& name : by_model) votes += "," + csv_name(name);
  if (!with_probabilities) {
    return fmt::format("{},{}{}\n", csv_name(file), csv_name(classes.front().name), votes);
  }
  std::string lines;
  for (std::size_t k = 0; k < classes.size(); ++k) {
    fmt::format_to(std::back_inserter(lines), "{},{},{},{}{}\n", csv_name(file), k + 1,
                   csv_name(classes[k].name), classes[k].probability, votes);
  }
  return lines;
}

/// " (the models differ: ann, bo)"; empty if they agree.
std::string difference(Votes by_model) {
  if (by_model.empty() || agree(by_model)) return {};
  std::string names;
  for (const std::string& name : by_model) names += (names.empty() ? "" : ", ") + printable(name);
  return " (the models differ: " + names + ")";
}

std::string text_line(std::string_view file, std::span<const ClassProbability> classes,
                      bool with_probabilities, Votes by_model) {
  std::string line = printable(file) + ":";
  if (!with_probabilities) return line + " " + printable(classes.front().name) + difference(by_model) + "\n";
  for (std::size_t k = 0; k < classes.size(); ++k) {
    fmt::format_to(std::back_inserter(line), "{}{} {:.1f}%", k > 0 ? ", " : " ", printable(classes[k].name),
                   100 * classes[k].probability);
  }
  return line + difference(by_model) + "\n";
}

/// A row is at most `columns` wide, if the names of the classes are short.
std::string table_lines(std::string_view file, std::span<const ClassProbability> classes, Votes by_model,
                        std::size_t columns) {
  constexpr std::size_t name_columns = 26, most_cells = 20, before_bar = 2 + name_columns + 9;
  const std::size_t cells = std::min(most_cells, columns > before_bar ? columns - before_bar : 0);
  std::string lines = printable(file) + difference(by_model) + "\n";
  for (const ClassProbability& one : classes) {
    const std::string name = printable(one.name);
    const std::size_t used = columns_of(name);
    std::string bar;
    for (std::size_t i = 0; i < cells; ++i) {
      if (static_cast<double>(one.probability) * static_cast<double>(cells) >= static_cast<double>(i) + 0.5)
        bar += "█";
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
  if (classes.empty()) throw Error("a prediction needs at least one class");
  const float most = classes.front().probability;
  std::erase_if(classes, [&](const ClassProbability& one) {
    return !(static_cast<double>(one.probability) >= least_probability);
  });
  if (classes.empty()) classes.push_back({unsure_name, most});
  return classes;
}

std::vector<ClassProbability> ranking(std::span<const float> probabilities,
                                      const std::vector<std::string>& classes, std::size_t count) {
  if (probabilities.size() != classes.size()) {
    throw Error(fmt::format("{} probabilities do not fit {} classes", probabilities.size(), classes.size()));
  }
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
                                   std::function<void(std::string_view)> write,
                                   std::vector<std::string> models, std::size_t columns)
    : format_(format),
      with_probabilities_(with_probabilities),
      write_(std::move(write)),
      models_(std::move(models)),
      columns_(columns) {
  if (!write_) throw Error("predictions cannot be written without a function that takes them");
}

void PredictionWriter::add(std::string_view file, std::span<const ClassProbability> classes,
                           std::span<const std::string> by_model) {
  if (classes.empty()) throw Error("a prediction needs at least one class");
  if (by_model.size() != models_.size())
    throw Error(fmt::format("{} classes are not those of {} models", by_model.size(), models_.size()));
  if (!std::ranges::all_of(classes, [](const auto& one) { return std::isfinite(one.probability); }))
    throw Error("a probability is not finite");
  switch (format_) {
    case PredictionFormat::json:
      if (models_.empty()) {
        write_(first_ ? "{" : ",");
        write_(json_element(file, classes, with_probabilities_));
      } else {
        write_(first_ ? "{\n    \"models\": " + json_names(models_) + ",\n    \"pictures\": {" : ",");
        write_("\n        " + python_json_string(file) + ": {" +
               json_members(classes, with_probabilities_, by_model) + "}");
      }
      break;
    case PredictionFormat::jsonl:
      write_("{\"file\": " + python_json_string(file) + ", " +
             json_members(classes, with_probabilities_, by_model) + "}\n");
      break;
    case PredictionFormat::csv:
      if (first_) write_(csv_header(with_probabilities_, models_.size()));
      write_(csv_lines(file, classes, with_probabilities_, by_model));
      break;
    case PredictionFormat::text:
      write_(text_line(file, classes, with_probabilities_, by_model));
      break;
    case PredictionFormat::table:
      write_(table_lines(file, classes, by_model, columns_));
      break;
  }
  first_ = false;
}

void PredictionWriter::finish(std::string_view agreement) {
  if (format_ != PredictionFormat::json) return;
  if (first_) {
    write_("{}");
  } else if (models_.empty()) {
    write_("\n}");
  } else {
    write_(fmt::format("\n    }},\n    \"agreement\": {}\n}}", agreement));
  }
}

}  // namespace bart
