#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bart/dataset/listing.h"

namespace bart {

/// The words of a name in lower case, parted by whatever is no letter and where a capital follows a small
/// letter: "public", "test" of "PublicTest_2".
std::vector<std::string> words_of(std::string_view name);

/// The part of a split that a name or value resembles: test for "PublicTest", "test_set" and "holdout".
/// Part::none: none.
Part part_resembled(std::string_view value);

/// Whether a word of a folder's name says that its pictures have no labels, or are no class: "pred",
/// "unlabelled_images", "samples".
bool is_named_unlabelled(std::string_view name);

}  // namespace bart
