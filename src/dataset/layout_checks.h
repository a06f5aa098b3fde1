#pragma once

#include <string>

#include "bart/dataset/listing.h"

namespace bart {

/// Looks at how the pictures lie below the class folders of `listing.folder / prefix`, whose pictures are
/// those of the listing, for folders that are read as classes and may not be meant as such. Adds at most two
/// warnings: about class folders that hold folders of the names of other classes, and about class folders
/// that look like parts of a split, or hold the parts of one. Throws Error where the classes can only be
/// wrong: where a class folder holds folders of the names of all other classes, or where all class folders
/// are unpacked archives of one data set.
void check_layout(Listing& listing, const std::string& prefix);

}  // namespace bart
