#include "class_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>

#include "bart/dataset/class_names.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

/// The labels by their names in composed form.
std::unordered_map<std::string, std::int32_t> labels_by_name(const std::vector<std::string>& classes) {
  std::unordered_map<std::string, std::int32_t> labels;
  for (std::size_t label = 0; label < classes.size(); ++label) {
    labels.emplace(composed(classes[label]), static_cast<std::int32_t>(label));
  }
  return labels;
}

/// "x, y", each with the class that may have been meant.
std::string unknown_classes(const std::vector<std::string>& unknown,
                            const std::vector<std::string>& classes) {
  std::unordered_map<std::string, std::string> by_folded;
  for (const std::string& name : classes) by_folded.emplace(folded(name), name);
  std::vector<std::string> texts;
  for (const std::string& name : unknown) {
    const auto meant = by_folded.find(folded(name));
    texts.push_back(meant == by_folded.end() ? name
                                             : fmt::format("\"{}\" (not \"{}\")", name, meant->second));
  }
  return some_of(texts);
}

/// Adds the classes to the listing, in order.
void add_classes(Listing& listing, const std::vector<std::string>& added) {
  std::vector<std::string> all = listing.classes;
  all.insert(all.end(), added.begin(), added.end());
  std::ranges::sort(all);
  std::vector<std::int32_t> moved;
  for (const std::string& name : listing.classes) {
    moved.push_back(static_cast<std::int32_t>(std::ranges::lower_bound(all, name) - all.begin()));
  }
  for (ListedPicture& picture : listing.pictures)
    picture.label = moved[static_cast<std::size_t>(picture.label)];
  listing.classes = std::move(all);
}

}  // namespace

void check_class_names(const std::vector<std::string>& classes, const std::string& where,
                       std::vector<std::string>& warnings) {
  std::unordered_map<std::string, std::string> by_composed, by_folded;
  for (const std::string& name : classes) {
    const auto [same, fresh] = by_composed.emplace(composed(name), name);
    if (!fresh) {
      throw Error(
          fmt::format("{} holds two classes whose names are the same text, {}, once composed and once "
                      "decomposed (Unicode's NFC "
                      "and NFD): merge them into one",
                      where, name));
    }
    const auto [alike, first] = by_folded.emplace(folded(name), name);
    if (!first) {
      warnings.push_back(fmt::format(
          "The classes \"{}\" and \"{}\" of {} look alike, and are two classes: if they are one, merge "
          "them",
          alike->second, name, where));
    }
  }
}

void check_class_count(const Listing& listing, std::size_t fewest_classes, const std::string& name,
                       const std::string& hint) {
  const std::size_t classes = listing.classes.size();
  if (classes == 0 || classes < fewest_classes) {
    std::string why = classes == 0 ? fmt::format("{} holds no picture", name)
                                   : fmt::format("{} holds pictures of a single class, {}{}", name,
                                                 listing.classes[0], hint);
    why += fmt::format(": at least {} {} needed", std::max<std::size_t>(fewest_classes, 1),
                       fewest_classes > 1 ? "classes are" : "class is");
    // The missing class may be a class folder that is empty.
    if (!listing.warnings.empty()) {
      std::string warning = listing.warnings.front();
      if (warning.starts_with("The ")) warning[0] = 't';
      why += "; " + warning;
    }
    throw Error(why);
  }
  if (listing.pictures.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(
        fmt::format("{} holds {} pictures: at most 2^32 - 1 can be used", name, listing.pictures.size()));
  }
}

void merge_classes(Listing& listing, Listing& part, const std::string& where, bool known) {
  const auto labels = labels_by_name(listing.classes);
  std::vector<std::string> unknown;
  for (const std::string& name : part.classes) {
    if (!labels.contains(composed(name))) unknown.push_back(name);
  }
  if (known && !unknown.empty()) {
    throw Error(fmt::format(
        "{} holds {} that the training pictures do not have: {}; rename or move {} (the training "
        "pictures have {})",
        where, unknown.size() == 1 ? "a class" : "classes", unknown_classes(unknown, listing.classes),
        unknown.size() == 1 ? "it" : "them", some_of(listing.classes)));
  }
  if (!unknown.empty()) add_classes(listing, unknown);
  const auto merged = labels_by_name(listing.classes);
  std::vector<std::int32_t> label_of;
  std::vector<bool> present(listing.classes.size(), false);
  for (const std::string& name : part.classes) {
    label_of.push_back(merged.at(composed(name)));
    present[static_cast<std::size_t>(label_of.back())] = true;
  }
  for (ListedPicture& picture : part.pictures)
    picture.label = label_of[static_cast<std::size_t>(picture.label)];
  std::vector<std::string> missing;
  for (std::size_t label = 0; label < present.size(); ++label) {
    if (!present[label]) missing.push_back(listing.classes[label]);
  }
  if (!missing.empty()) {
    part.warnings.push_back(fmt::format("{} holds no picture of {}: {}", where,
                                        counted(missing.size(), "class", "classes"), some_of(missing)));
  }
}

}  // namespace bart
