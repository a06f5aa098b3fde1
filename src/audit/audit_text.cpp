#include "bart/audit/audit_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "bart/formats/csv.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/json_text.h"
#include "bart/platform/printable.h"
#include "check_audit.h"
#include "kinds.h"
#include "read_probabilities.h"

namespace bart {
namespace {

using nlohmann::ordered_json;

const std::string& class_of(const Audit& audit, std::int32_t label) {
  return audit.inspection.classes[static_cast<std::size_t>(label)].name;
}

}  // namespace

void check(const Audit& audit) {
  const std::size_t pictures = audit.inspection.pictures.size(), classes = audit.inspection.classes.size();
  const auto is_picture = [&](std::uint32_t i) { return i < pictures; };
  const auto is_class = [&](std::int32_t label) { return label >= 0 && std::cmp_less(label, classes); };
  bool fits = std::ranges::all_of(audit.judged, is_picture) &&
              audit.probabilities.size() == audit.judged.size() &&
              audit.probabilities.probabilities.size() == audit.judged.size() * audit.probabilities.classes &&
              (audit.judged.empty() || audit.probabilities.classes == classes);
  for (const InspectedPicture& picture : audit.inspection.pictures) fits &= is_class(picture.label);
  for (const LabelIssue& issue : audit.label_issues)
    fits &= is_picture(issue.picture) && is_class(issue.likely);
  for (const PoorKind& kind : poor_kinds) fits &= std::ranges::all_of(audit.*kind.pictures, is_picture);
  for (const GroupKind& kind : group_kinds) {
    for (const DuplicateGroup& group : audit.inspection.*kind.groups)
      fits &= std::ranges::all_of(group.pictures, is_picture);
  }
  if (!fits) throw Error("the parts of the audit do not fit each other");
}

std::string audit_text(const Audit& audit) {
  check(audit);
  constexpr std::size_t most = 10;
  const Inspection& inspection = audit.inspection;
  std::string text = fmt::format(
      "{}: {} in {}\nProbabilities: {}; for {:.1f} % of the pictures the label is the most probable "
      "class\n\n",
      printable(inspection.source), counted(inspection.pictures.size(), "picture", "pictures"),
      counted(inspection.classes.size(), "class", "classes"), printable(audit.how), 100 * audit.accuracy);
  text += fmt::format("  {:>6}  probably mislabelled (of {} judged)\n", audit.label_issues.size(),
                      with_commas(audit.judged.size()));
  for (const GroupKind& kind : group_kinds) {
    const std::vector<DuplicateGroup>& groups = inspection.*kind.groups;
    text += fmt::format("  {:>6}  {} of {}\n", groups.size(), groups.size() == 1 ? "group" : "groups",
                        kind.words);
  }
  for (const PoorKind& kind : poor_kinds)
    text += fmt::format("  {:>6}  {}\n", (audit.*kind.pictures).size(), kind.name);
  text += fmt::format("  {:>6}  unreadable\n", inspection.unreadable.size());
  if (audit.label_issues.empty()) return text;
  if (const std::string weakness = weakness_of(audit); !weakness.empty()) text += "\n" + weakness + "\n";
  text += "\nThe most doubtful labels:\n";
  for (std::size_t k = 0; k < std::min(most, audit.label_issues.size()); ++k) {
    const LabelIssue& issue = audit.label_issues[k];
    const InspectedPicture& picture = inspection.pictures[issue.picture];
    text += fmt::format("  {}: {} ({:.1f} %), probably {} ({:.1f} %)\n", printable(picture.file),
                        printable(class_of(audit, picture.label)), 100 * issue.label_probability,
                        printable(class_of(audit, issue.likely)), 100 * issue.likely_probability);
  }
  return text;
}

std::string audit_csv(const Audit& audit) {
  check(audit);
  const Inspection& inspection = audit.inspection;
  const auto shown = [](const std::string& name) { return csv_field(printable(name)); };
  std::string csv = "finding,file,class,likely_class,class_probability,likely_probability,score,group\n";
  const auto row = [&](const char* finding, const InspectedPicture& picture, const std::string& rest) {
    csv += fmt::format("{},{},{},{}\n", finding, shown(picture.file), shown(class_of(audit, picture.label)),
                       rest);
  };
  for (const LabelIssue& issue : audit.label_issues) {
    row("label", inspection.pictures[issue.picture],
        fmt::format("{},{},{},{},", shown(class_of(audit, issue.likely)), issue.label_probability,
                    issue.likely_probability, issue.score));
  }
  for (const GroupKind& kind : group_kinds) {
    const std::vector<DuplicateGroup>& groups = inspection.*kind.groups;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      for (const std::uint32_t i : groups[g].pictures) {
        row(kind.name, inspection.pictures[i], fmt::format(",,,,{}", g + 1));
      }
    }
  }
  for (const PoorKind& kind : poor_kinds) {
    for (const std::uint32_t i : audit.*kind.pictures) {
      row(kind.name, inspection.pictures[i], fmt::format(",,,{:.4g},", kind.value(inspection.pictures[i])));
    }
  }
  for (const SkippedPicture& file : inspection.unreadable) {
    csv += fmt::format("unreadable,{},,,,,,\n", shown(file.file));
  }
  return csv;
}

std::string audit_json(const Audit& audit) {
  check(audit);
  const Inspection& inspection = audit.inspection;
  ordered_json json{{"folder", inspection.folder.string()},
                    {"pictures", inspection.pictures.size()},
                    {"judged", audit.judged.size()},
                    {"probabilities", audit.how},
                    {"accuracy", audit.accuracy}};
  json["label_issues"] = ordered_json::array();
  for (const LabelIssue& issue : audit.label_issues) {
    const InspectedPicture& picture = inspection.pictures[issue.picture];
    json["label_issues"].push_back({{"file", picture.file},
                                    {"class", class_of(audit, picture.label)},
                                    {"likely_class", class_of(audit, issue.likely)},
                                    {"class_probability", issue.label_probability},
                                    {"likely_probability", issue.likely_probability},
                                    {"score", issue.score}});
  }
  for (const GroupKind& kind : group_kinds) {
    ordered_json& list = json["duplicates"][kind.name] = ordered_json::array();
    for (const DuplicateGroup& group : inspection.*kind.groups) {
      ordered_json files = ordered_json::array();
      for (const std::uint32_t i : group.pictures) files.push_back(inspection.pictures[i].file);
      list.push_back({{"across_classes", group.across_classes}, {"files", std::move(files)}});
    }
  }
  for (const PoorKind& kind : poor_kinds) {
    ordered_json& list = json[kind.name] = ordered_json::array();
    for (const std::uint32_t i : audit.*kind.pictures) {
      list.push_back(
          {{"file", inspection.pictures[i].file}, {kind.figure, kind.value(inspection.pictures[i])}});
    }
  }
  json["unreadable"] = ordered_json::array();
  for (const SkippedPicture& file : inspection.unreadable) {
    json["unreadable"].push_back({{"file", file.file}, {"reason", file.reason}});
  }
  return json_text(json, 2);
}

std::string probabilities_csv(const Audit& audit) {
  check(audit);
  const Inspection& inspection = audit.inspection;
  std::string csv = fmt::format("file,label,{}", bytes_hash_column);
  for (const InspectedClass& one : inspection.classes) csv += "," + csv_field(one.name);
  csv += "\n";
  for (std::size_t k = 0; k < audit.judged.size(); ++k) {
    const InspectedPicture& picture = inspection.pictures[audit.judged[k]];
    csv += fmt::format("{},{},{:016x}", csv_field(picture.file), csv_field(class_of(audit, picture.label)),
                       picture.bytes_hash);
    for (const double value : audit.probabilities.row(k)) csv += fmt::format(",{}", value);
    csv += "\n";
  }
  return csv;
}

}  // namespace bart
