#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "bart/augment/augmentation.h"

namespace bart {

/// A self-contained HTML page that shows what the network of a training sees: up to 12 pictures, evenly
/// spaced among `files`, each as it is and as `augmentation` changes it in the epochs 1 to 8 of a training
/// with this seed. `files` are all pictures of the data set in its order, relative to `folder`; the random
/// changes depend on their places. Throws Error when one of the shown files cannot be read.
std::string augmentation_page(const std::filesystem::path& folder, std::span<const std::string> files,
                              const Augmentation& augmentation, std::uint32_t seed,
                              bool apply_exif_orientation = true);

}  // namespace bart
