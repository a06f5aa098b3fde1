#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bart/dataset/listing.h"

namespace bart {

/// Throws Error where two of the names are one in composed form; adds a warning for each two that look alike.
void check_class_names(const std::vector<std::string>& classes, const std::string& where,
                       std::vector<std::string>& warnings);

/// Throws Error when the listing, which is called `name`, has too few classes, or too many pictures; `hint`
/// ends the sentence about a single class.
void check_class_count(const Listing& listing, std::size_t fewest_classes, const std::string& name,
                       const std::string& hint = {});

/// Gives the pictures of `part` the labels of `listing`. Classes that `listing` does not have are an Error
/// where `known`, else they are added to it. Classes that `part` (called `where`) does not have are a
/// warning.
void merge_classes(Listing& listing, Listing& part, const std::string& where, bool known);

}  // namespace bart
