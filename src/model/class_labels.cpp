#include "class_labels.h"

#include <fmt/format.h>

#include <algorithm>

#include "bart/platform/counted.h"
#include "bart/platform/error.h"

namespace bart {
std::vector<std::int32_t> labels_among(const std::vector<std::string>& classes, const Listing& listing) {
  std::vector<std::int32_t> labels;
  std::vector<std::string> unknown;
  for (const std::string& name : listing.classes) {
    const auto found = std::ranges::find(classes, name);
    labels.push_back(static_cast<std::int32_t>(found - classes.begin()));
    if (found == classes.end()) unknown.push_back(name);
  }
  if (!unknown.empty()) {
    throw Error(fmt::format(
        "{} has folders that are not classes of the model: {}; rename or move them (the model knows {})",
        listing.folder.string(), some_of(unknown), some_of(classes)));
  }
  return labels;
}

}  // namespace bart
