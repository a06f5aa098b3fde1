#include "class_labels.h"

#include <fmt/format.h>

#include <optional>

#include "bart/dataset/class_names.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"

namespace bart {
std::vector<std::int32_t> labels_among(const std::vector<std::string>& classes, const Listing& listing) {
  std::vector<std::int32_t> labels;
  std::vector<std::string> unknown;
  for (const std::string& name : listing.classes) {
    const std::optional<std::size_t> found = find_class(classes, name);
    labels.push_back(static_cast<std::int32_t>(found.value_or(classes.size())));
    if (!found) unknown.push_back(name);
  }
  if (!unknown.empty()) {
    throw Error(
        fmt::format("{} has {} that are not classes of the model: {}; rename or {} them (the model knows {})",
                    source_of(listing), listing.csv.empty() ? "folders" : "labels", some_of(unknown),
                    listing.csv.empty() ? "move" : "remove", some_of(classes)));
  }
  return labels;
}

}  // namespace bart
