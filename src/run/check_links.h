#pragma once

#include <filesystem>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/record/run_folder.h"

namespace bart {

/// Throws Error if a link among the files and folders of a training leads to another one of them, to one of
/// `inputs` (files, and folders with what lies below them), or to what belongs to another training: it would
/// be replaced.
void check_links(const RunFolder& folder, const std::vector<std::filesystem::path>& inputs);

/// The same for links to the pictures that are trained on, wherever they lie, and to their folders.
void check_links_to_pictures(const RunFolder& folder, const Listing& listing);

}  // namespace bart
