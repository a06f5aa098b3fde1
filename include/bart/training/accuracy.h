#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "bart/dataset/load.h"
#include "bart/engine/engine.h"

namespace bart {

/// The percentage of the pictures `indices` whose largest logit (the first of equals, as torch.max) is their
/// label's, in evaluation mode.
double accuracy_percent(Engine& engine, const LoadedPictures& pictures,
                        std::span<const std::uint32_t> indices, int batch_size,
                        const std::function<void(std::size_t, std::size_t)>& progress = {});

}  // namespace bart
