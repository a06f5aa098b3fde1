#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bart/dataset/listing.h"

namespace bart {

/// For each class of the listing, its index among the model's. Throws Error, naming the folders, when one is
/// not among them.
std::vector<std::int32_t> labels_among(const std::vector<std::string>& classes, const Listing& listing);

}  // namespace bart
