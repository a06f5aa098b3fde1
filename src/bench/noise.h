#pragma once

#include <cstddef>

#include "bart/dataset/load.h"
#include "bart/network/architecture.h"

namespace bart {

/// `n` pictures of noise that fit the network, with labels; always the same ones.
LoadedPictures noise_pictures(const Architecture& architecture, std::size_t n);

}  // namespace bart
