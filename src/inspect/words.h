#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "bart/inspect/inspect.h"

/// Phrases that the text, the JSON and the page of an inspection share.
namespace bart::words {

/// "12.3 %"; "0.0 %" when `whole` is 0.
std::string percent(std::size_t part, std::size_t whole);

/// "RGB" for a single kind, "RGB 12, L 3" for several, the most frequent first.
std::string listed(const std::map<std::string, std::size_t>& counts);

/// "352x288" or "256x256 to 1912x1072 (105 sizes)": width x height of the pictures with the fewest and the
/// most pixels.
std::string size_range(const std::set<std::pair<int, int>>& sizes);

/// "437.1 MB".
std::string megabytes(std::uint64_t bytes);

/// The number of pictures in all groups, and the number without the first of each group.
std::size_t pictures_in(const std::vector<DuplicateGroup>& groups);
std::size_t surplus_in(const std::vector<DuplicateGroup>& groups);
std::size_t across_classes(const std::vector<DuplicateGroup>& groups);
std::size_t across_split(const std::vector<DuplicateGroup>& groups);

/// "45 test pictures", "45 test and 20 validation pictures".
std::string held_out_pictures(const Inspection& inspection);

/// Which split it is: "the data set's own split", or "a random split with seed 10 and test size 0.2".
std::string split_name(const Inspection& inspection);

/// Whether the data set's own split leaves no picture for training, at which bart train stops.
bool without_training(const Inspection& inspection);

/// What bart train does about the unreadable files: "which bart train skips", or why it stops.
std::string what_training_does(const Inspection& inspection);

/// Indices of the pictures whose mode is not RGB, which are converted.
std::vector<std::uint32_t> converted(const Inspection& inspection);

}  // namespace bart::words
