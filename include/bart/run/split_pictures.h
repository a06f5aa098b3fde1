#pragma once

#include <cstddef>
#include <filesystem>
#include <set>
#include <string>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/record/run_settings.h"

namespace bart {

/// Lists the data set at `folder`, and the test and validation folders that the settings name as its parts.
Listing list_run_pictures(const std::filesystem::path& folder, const RunSettings& settings);

/// The split of the data set itself, or else the one that the settings ask for: first the test pictures are
/// chosen, and then the validation pictures among the others. With a test size of 0 there are no test
/// pictures. Throws Error when a side would be empty.
Split split_pictures(const LoadedPictures& pictures, const RunSettings& settings);

/// The number of test pictures that a training will have if all files of the listing can be read, as far as
/// it is known before they are: near-duplicates, which stay together, may change it.
std::size_t expected_test_pictures(const Listing& listing, const RunSettings& settings);

/// Throws SettingError for a setting that would choose test or validation pictures where the data set, or a
/// folder that the settings name, says which they are. A setting with its default value counts only if its
/// flag is among `given`.
void check_split(const Listing& listing, const RunSettings& settings,
                 const std::set<std::string>& given = {});

}  // namespace bart
