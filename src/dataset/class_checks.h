#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bart/dataset/listing.h"

namespace bart {

/// Throws Error when two of the names are equal in composed form; adds a warning for each pair that looks
/// alike.
void check_class_names(const std::vector<std::string>& classes, const std::string& where,
                       std::vector<std::string>& warnings);

/// Throws Error when the listing, which the error calls `name`, has too few classes or too many pictures.
/// `hint` is appended to the error about a single class.
void check_class_count(const Listing& listing, std::size_t fewest_classes, const std::string& name,
                       const std::string& hint = {});

/// Gives the pictures of `part` the labels of `listing`. Classes that `listing` does not have are an Error if
/// `known`, else they are added to it. Classes that `part` does not have give a warning, which calls it
/// `where`.
void merge_classes(Listing& listing, Listing& part, const std::string& where, bool known);

}  // namespace bart
