#pragma once

#include <string>

#include "bart/dataset/listing.h"

namespace bart {

/// Removes from `added` the pictures that are, through a link in it or in `listing`, the same files as
/// pictures of `listing`: they would get a second part or label. `added` gets a warning, which calls it
/// `where`, and names them among what was passed over. Throws Error where no picture is left.
void pass_over_links_between(const Listing& listing, Listing& added, const std::string& where);

}  // namespace bart
