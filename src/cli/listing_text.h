#pragma once

#include <vector>

#include "bart/dataset/listing.h"
#include "bart/model/picture_files.h"
#include "log.h"

namespace bart {

/// What the user should know of a data set before it is used: its warnings, the split that it comes with, and
/// one line that counts what was passed over; --verbose names each.
void log_listing(Log& log, const Listing& listing);

/// The line that counts what was passed over in `folder`, and with --verbose the names.
void log_passed_over(Log& log, const std::vector<PassedOver>& passed_over,
                     const std::filesystem::path& folder);

/// The same for the pictures of a command line.
void log_passed_over(Log& log, const PictureFiles& pictures);

}  // namespace bart
