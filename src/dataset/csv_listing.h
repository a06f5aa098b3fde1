#pragma once

#include <string_view>

#include "bart/dataset/listing.h"

namespace bart {

/// What the text of a CSV file lists (see list_csv()), without a folder. Throws Error, a reason that begins
/// with the line but does not name the file.
Listing listing_of_csv(std::string_view text);

}  // namespace bart
