#pragma once

#include <filesystem>
#include <string_view>

#include "bart/dataset/listing.h"

namespace bart {

/// The listing in the text of a CSV file (see list_csv()), without a folder. Two paths that name one file
/// within `root` are known to. Throws Error with the line and the reason, but without the file's name.
Listing listing_of_csv(std::string_view text, const std::filesystem::path& root);

}  // namespace bart
