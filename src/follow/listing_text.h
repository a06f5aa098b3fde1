#pragma once

#include <string>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
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

/// Warns of each file that could not be read as a picture.
void log_skipped(Log& log, const LoadedPictures& pictures);

/// Warns of gray pictures that were clipped: the files are those of clipped_gray().
void log_clipped_gray(Log& log, const std::vector<std::string>& files);

}  // namespace bart
