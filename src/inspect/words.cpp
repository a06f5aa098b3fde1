#include "words.h"

#include <fmt/format.h>

#include <algorithm>

#include "bart/platform/counted.h"
#include "bart/platform/printable.h"

namespace bart::words {
std::string percent(std::size_t part, std::size_t whole) {
  return fmt::format("{:.1f} %",
                     whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string listed(const std::map<std::string, std::size_t>& counts) {
  if (counts.size() == 1) return counts.begin()->first;
  std::vector<std::pair<std::string, std::size_t>> order(counts.begin(), counts.end());
  std::ranges::stable_sort(order, [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (const auto& [name, count] : order) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, with_commas(count));
  }
  return text;
}

std::string size_range(const std::set<std::pair<int, int>>& sizes) {
  if (sizes.empty()) return "";
  const auto pixels = [](const std::pair<int, int>& size) { return std::int64_t{size.first} * size.second; };
  const auto [smallest, largest] = std::ranges::minmax_element(sizes, std::less<>(), pixels);
  const auto text = [](const std::pair<int, int>& size) {
    return fmt::format("{}x{}", size.second, size.first);
  };
  if (sizes.size() == 1) return text(*smallest);
  return fmt::format("{} to {} ({} sizes)", text(*smallest), text(*largest), sizes.size());
}

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MB", 1e-6 * static_cast<double>(bytes));
}

std::size_t pictures_in(const std::vector<DuplicateGroup>& groups) {
  std::size_t n = 0;
  for (const DuplicateGroup& group : groups) n += group.pictures.size();
  return n;
}

std::size_t surplus_in(const std::vector<DuplicateGroup>& groups) {
  return pictures_in(groups) - groups.size();
}

std::size_t across_classes(const std::vector<DuplicateGroup>& groups) {
  return static_cast<std::size_t>(std::ranges::count(groups, true, &DuplicateGroup::across_classes));
}

std::size_t across_split(const std::vector<DuplicateGroup>& groups) {
  return static_cast<std::size_t>(std::ranges::count(groups, true, &DuplicateGroup::across_split));
}

std::string held_out_pictures(const Inspection& inspection) {
  if (inspection.validation_pictures == 0) {
    return counted(inspection.test_pictures, "test picture", "test pictures");
  }
  return fmt::format("{} test and {} validation pictures", with_commas(inspection.test_pictures),
                     with_commas(inspection.validation_pictures));
}

std::string split_name(const Inspection& inspection) {
  if (inspection.own_split) return "the data set's own split";
  return fmt::format("a random split with seed {} and test size {}", inspection.options.seed,
                     inspection.options.test_size);
}

bool without_training(const Inspection& inspection) {
  return inspection.own_split && !inspection.pictures.empty() &&
         std::ranges::find(inspection.pictures, Part::train, &InspectedPicture::side) ==
             inspection.pictures.end();
}

std::string what_training_does(const Inspection& inspection) {
  const std::size_t unreadable = inspection.unreadable.size();
  const double most = LoadOptions().max_skipped_share;
  // As check_skipped().
  if (static_cast<double>(unreadable) > most * static_cast<double>(unreadable + inspection.pictures.size())) {
    return fmt::format("more than {:g} % of all, at which bart train stops", 100 * most);
  }
  const auto lost = std::ranges::find(inspection.classes, 0u, &InspectedClass::pictures);
  if (lost == inspection.classes.end()) return "which bart train skips";
  return fmt::format("and bart train stops, as no picture of the class {} can be used",
                     printable(lost->name));
}

std::vector<std::uint32_t> converted(const Inspection& inspection) {
  std::vector<std::uint32_t> result;
  for (std::uint32_t i = 0; i < inspection.pictures.size(); ++i) {
    if (inspection.pictures[i].mode != "RGB") result.push_back(i);
  }
  return result;
}

}  // namespace bart::words
