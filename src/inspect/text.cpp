#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "bart/html/html.h"
#include "bart/inspect/report.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/printable.h"
#include "check_inspection.h"
#include "words.h"

namespace bart {
namespace {

using namespace words;

/// Longer lists are cut here; the JSON has them completely.
constexpr std::size_t most_lines = 10;

/// Rows under headings. Each column is as wide as its widest cell; `right[c]` aligns column c to the right,
/// for numbers. Where a row would be wider than `columns`, the last columns are left out, except the first
/// two; 0 is no limit.
std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right,
                  std::size_t columns) {
  std::vector<std::size_t> widths(right.size(), 0);
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], columns_of(row[c]));
  }
  const auto width = [&] { return 2 * widths.size() + std::reduce(widths.begin(), widths.end()); };
  while (columns > 0 && widths.size() > 2 && width() > columns) widths.pop_back();
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < std::min(row.size(), widths.size()); ++c) {
      const std::string space(widths[c] - columns_of(row[c]), ' ');
      line += "  " + (right[c] ? space + row[c] : row[c] + space);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string class_table(const Inspection& inspection, std::size_t columns) {
  std::vector<std::vector<std::string>> rows{
      {"class", "pictures", "share", "test", "near dup.", "unreadable", "formats", "modes", "size"}};
  std::vector<bool> right{false, true, true, true, true, true, false, false, false};
  for (const InspectedClass& one : inspection.classes) {
    rows.push_back({printable(one.name), std::to_string(one.pictures),
                    percent(one.pictures, inspection.pictures.size()), std::to_string(one.test),
                    std::to_string(one.near_duplicates), std::to_string(one.unreadable), listed(one.formats),
                    listed(one.modes), size_range(one.sizes)});
  }
  if (inspection.validation_pictures > 0) {
    rows[0].insert(rows[0].begin() + 3, "val.");
    for (std::size_t c = 0; c < inspection.classes.size(); ++c) {
      rows[c + 1].insert(rows[c + 1].begin() + 3, std::to_string(inspection.classes[c].validation));
    }
    right.insert(right.begin() + 3, true);
  }
  return table(rows, right, columns);
}

std::string group_lines(const Inspection& inspection, const std::vector<DuplicateGroup>& groups) {
  std::string text;
  for (std::size_t g = 0; g < std::min(groups.size(), most_lines); ++g) {
    std::string marks;
    if (groups[g].across_classes) marks += "  [across classes]";
    if (groups[g].across_split) marks += "  [across the split]";
    std::string names;
    for (std::size_t k = 0; k < std::min(groups[g].pictures.size(), most_lines); ++k) {
      names += (k > 0 ? ", " : "") + printable(inspection.pictures[groups[g].pictures[k]].file);
    }
    if (groups[g].pictures.size() > most_lines) {
      names += fmt::format(" and {} more", groups[g].pictures.size() - most_lines);
    }
    text += "  " + names + marks + "\n";
  }
  if (groups.size() > most_lines) {
    text += fmt::format("  … and {} (the JSON lists all)\n",
                        counted(groups.size() - most_lines, "group", "groups"));
  }
  return text;
}

/// The sizes of the pictures in the words of the original, as a training logs them.
std::string original_sizes(const Inspection& inspection) {
  if (inspection.sizes.empty()) return "";
  const auto shape = [](const std::pair<int, int>& size) {
    return fmt::format("({}, {}, 3)", size.first, size.second);
  };
  if (inspection.sizes.size() == 1) {
    return fmt::format("Dimensions of each image: {}\n", shape(*inspection.sizes.begin()));
  }
  return fmt::format("There are {} different sizes for images\nDifferent shapes found: [{}, {}]\n",
                     inspection.sizes.size(), shape(*inspection.sizes.begin()),
                     shape(*inspection.sizes.rbegin()));
}

std::string duplicate_table(const Inspection& inspection, std::size_t columns) {
  std::vector<std::vector<std::string>> rows{
      {"duplicates", "groups", "pictures", "across classes", "across the split"}};
  const auto add = [&](const char* kind, const std::vector<DuplicateGroup>& groups) {
    rows.push_back({kind, std::to_string(groups.size()), std::to_string(pictures_in(groups)),
                    std::to_string(across_classes(groups)), std::to_string(across_split(groups))});
  };
  add("same bytes", inspection.same_bytes);
  add("same pixels, other bytes", inspection.same_pixels);
  add("near duplicates", inspection.near_duplicates);
  return table(rows, {false, true, true, true, true}, columns);
}

std::string leak(const Inspection& inspection) {
  if (inspection.test_pictures == 0)
    return "There are no test pictures that training pictures could leak into.\n";
  if (without_training(inspection))
    return "There are no pictures for training, only for validation or testing: bart train stops.\n";
  const std::string split = split_name(inspection);
  const std::size_t leaking = inspection.leaking_test_pictures + inspection.leaking_validation_pictures;
  if (leaking == 0) {
    return fmt::format("No leak: none of the {} has a near duplicate in the training set ({}).\n",
                       held_out_pictures(inspection), split);
  }
  return fmt::format(
      "The leak: {} of {} ({}) have a near duplicate in the training set ({}):\n"
      "accuracy on them looks better than it is. A grouped split keeps near duplicates on one side.\n",
      leaking, held_out_pictures(inspection),
      percent(leaking, inspection.test_pictures + inspection.validation_pictures), split);
}

}  // namespace

void check(const Inspection& inspection) {
  const std::size_t pictures = inspection.pictures.size(), classes = inspection.classes.size();
  bool fits = true;
  for (const InspectedPicture& picture : inspection.pictures)
    fits &= picture.label >= 0 && std::cmp_less(picture.label, classes);
  for (const auto* groups : {&inspection.same_bytes, &inspection.same_pixels, &inspection.near_duplicates}) {
    for (const DuplicateGroup& group : *groups) {
      fits &= !group.pictures.empty();
      fits &= std::ranges::all_of(group.pictures, [&](std::uint32_t i) { return i < pictures; });
    }
  }
  if (!fits) throw Error("the parts of the inspection do not fit each other");
}

std::string inspection_text(const Inspection& inspection, std::size_t columns) {
  check(inspection);
  std::string text =
      fmt::format("{}: {} in {}, {}\n", printable(inspection.source),
                  counted(inspection.pictures.size(), "picture", "pictures"),
                  counted(inspection.classes.size(), "class", "classes"), megabytes(inspection.bytes));
  text += original_sizes(inspection) + "\n" + class_table(inspection, columns) + "\n" +
          duplicate_table(inspection, columns) + "\n" + leak(inspection);

  const std::array<std::pair<const char*, const std::vector<DuplicateGroup>*>, 3> kinds{
      {{"Same bytes", &inspection.same_bytes},
       {"Same pixels in files of different bytes", &inspection.same_pixels},
       {"Near duplicates", &inspection.near_duplicates}}};
  for (const auto& [heading, groups] : kinds) {
    if (!groups->empty()) text += fmt::format("\n{}:\n{}", heading, group_lines(inspection, *groups));
  }

  const std::vector<std::uint32_t> other_modes = converted(inspection);
  if (!other_modes.empty()) {
    text += fmt::format("\nConverted to RGB ({}):\n", other_modes.size());
    for (std::size_t k = 0; k < std::min(other_modes.size(), most_lines); ++k) {
      const InspectedPicture& picture = inspection.pictures[other_modes[k]];
      text += fmt::format("  {}: {}\n", printable(picture.file), picture.mode);
    }
    if (other_modes.size() > most_lines) {
      text += fmt::format("  … and {} more (the JSON lists all)\n", other_modes.size() - most_lines);
    }
  }
  if (!inspection.unreadable.empty()) {
    text +=
        fmt::format("\nUnreadable ({}), {}:\n", inspection.unreadable.size(), what_training_does(inspection));
    for (const SkippedPicture& picture : inspection.unreadable) {
      text += fmt::format("  {}: {}\n", printable(picture.file), printable(picture.reason));
    }
  }
  return text;
}

}  // namespace bart
