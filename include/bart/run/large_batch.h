#pragma once

#include <cstddef>
#include <string>

namespace bart {

/// The warning about a batch that is larger than all pictures to train on; empty if it is not.
std::string large_batch_sentence(int batch_size, std::size_t train_pictures);

}  // namespace bart
