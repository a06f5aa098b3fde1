#pragma once

#include <vector>

#include "bart/dataset/listing.h"
#include "bart/model/picture_files.h"
#include "log.h"

namespace bart {

/// Logs what the user should know about a data set before it is used: its warnings, its own split, and one
/// line that counts what was passed over, which --verbose lists.
void log_listing(Log& log, const Listing& listing);

/// Logs the line that counts what was passed over in `folder`, and with --verbose the names.
void log_passed_over(Log& log, const std::vector<PassedOver>& passed_over,
                     const std::filesystem::path& folder);

/// The same for the pictures of a command line.
void log_passed_over(Log& log, const PictureFiles& pictures);

}  // namespace bart
