#include "bart/run/split_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "bart/dataset/grouped_split.h"
#include "bart/dataset/near_duplicates.h"
#include "bart/dataset/stratified_split.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

/// The split that is asked for, of the pictures `indices`.
Split split_of(const LoadedPictures& pictures, const std::vector<std::uint32_t>& indices,
               const std::vector<std::uint32_t>& groups, double test_size, const RunSettings& settings,
               const HeldOut& held_out = {}) {
  if (test_size == 0) return {.train = indices, .test = {}};
  std::vector<std::int32_t> labels;
  std::vector<std::uint32_t> own_groups;
  for (const std::uint32_t i : indices) {
    labels.push_back(pictures.labels[i]);
    if (!groups.empty()) own_groups.push_back(groups[i]);
  }
  const std::uint32_t seed = seed_of_split(settings);
  Split split = settings.split == "stratified"
                    ? stratified_split(labels, pictures.classes, test_size, seed, held_out)
                : settings.split == "grouped"
                    ? grouped_split(labels, own_groups, test_size, seed, held_out)
                    : train_test_split(static_cast<std::uint32_t>(indices.size()), test_size, seed, held_out);
  for (std::uint32_t& i : split.train) i = indices[i];
  for (std::uint32_t& i : split.test) i = indices[i];
  return split;
}

}  // namespace

Listing list_run_pictures(const std::filesystem::path& folder, const RunSettings& settings) {
  Listing listing = list_data(folder);
  if (!settings.test_folder.empty()) {
    add_part(listing, list_data(settings.test_folder, 1), Part::test);
  }
  if (!settings.validation_folder.empty()) {
    add_part(listing, list_data(settings.validation_folder, 1), Part::validation);
  }
  listing.validation_chosen = settings.validation_size > 0;
  return listing;
}

Split split_pictures(const LoadedPictures& pictures, const RunSettings& settings) {
  check(settings, {"test-size", "validation-size", "split"});
  std::vector<std::uint32_t> groups;
  if (settings.split == "grouped") {
    groups = near_duplicate_groups(signatures_of(pictures, settings.threads));
  }
  const auto of_part = [&](auto... parts) {
    std::vector<std::uint32_t> found;
    for (std::uint32_t i = 0; i < pictures.size(); ++i) {
      const Part part = pictures.parts.empty() ? Part::none : pictures.parts[i];
      if (((part == parts) || ...)) found.push_back(i);
    }
    return found;
  };
  Split split;
  if (!settings.validation_folder.empty() && of_part(Part::test).empty()) {
    // Only the validation pictures are given: the test pictures are a share of the others.
    split = split_of(pictures, of_part(Part::none, Part::train), groups, settings.test_size, settings);
    split.validation = of_part(Part::validation);
  } else if (std::optional<Split> own = split_by_parts(pictures.parts)) {
    split = std::move(*own);  // a data set that says which pictures are for testing is taken at its word
  } else {
    split = split_of(pictures, of_part(Part::none, Part::train), groups, settings.test_size, settings);
  }
  if (settings.validation_size > 0 && split.validation.empty()) {
    try {
      Split inner = split_of(pictures, split.train, groups, settings.validation_size, settings,
                             {"a validation size", "for validation"});
      split.train = std::move(inner.train);
      split.validation = std::move(inner.test);
    } catch (const Error& error) {
      throw Error(fmt::format("{} not for testing, and cannot be divided into training and validation: {}",
                              counted(split.train.size(), "picture is", "pictures are"), error.what()));
    }
  }
  return split;
}

std::size_t expected_test_pictures(const Listing& listing, const RunSettings& settings) {
  LoadedPictures pictures;  // without pixels
  pictures.classes = listing.classes;
  for (const ListedPicture& picture : listing.pictures) {
    pictures.labels.push_back(picture.label);
    pictures.parts.push_back(picture.part);
  }
  RunSettings asked = settings;
  if (asked.split == "grouped") asked.split = RunSettings().split;
  try {
    return split_pictures(pictures, asked).test.size();
  } catch (const Error&) {  // is said when the pictures are read
    return 0;
  }
}

void check_split(const Listing& listing, const RunSettings& settings, const std::set<std::string>& given) {
  const auto has = [&](Part part) {
    return std::ranges::find(listing.pictures, part, &ListedPicture::part) != listing.pictures.end();
  };
  const bool tests = has_test_pictures(listing);
  // Without a test part, the data set's own validation part is the test set.
  const bool validation = has(Part::validation) && (has(Part::test) || listing.validation_added);
  const auto refuse = [](const char* flag, const std::string& value, const char* what) {
    throw SettingError(fmt::format("{{{}}} {} has no effect: {}: leave it out", flag, value, what));
  };
  const RunSettings defaults;
  const auto asked = [&](const char* flag) {
    return given.contains(flag) ||
           text_of(run_setting(flag), settings) != text_of(run_setting(flag), defaults);
  };
  if (tests && asked("test-size")) {
    refuse("test-size", fmt::format("{}", settings.test_size),
           settings.test_folder.empty() ? "the data set has test pictures of its own"
                                        : "{test-folder} names the test pictures");
  }
  if (validation && asked("validation-size")) {
    refuse("validation-size", fmt::format("{}", settings.validation_size),
           settings.validation_folder.empty() ? "the data set has validation pictures of its own"
                                              : "{validation-folder} names the validation pictures");
  }
  if (tests && settings.validation_size == 0 && asked("split")) {
    refuse("split", settings.split, "no picture is chosen for testing or validation");
  }
}

}  // namespace bart
