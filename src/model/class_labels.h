#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bart/dataset/listing.h"

namespace bart {

/// The index of each class of the listing among the classes of the model. Throws Error with the names of the
/// folders that are not among them.
std::vector<std::int32_t> labels_among(const std::vector<std::string>& classes, const Listing& listing);

}  // namespace bart
