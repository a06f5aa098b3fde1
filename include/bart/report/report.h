#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "bart/dataset/load.h"
#include "bart/network/state_dict.h"
#include "bart/record/run_record.h"

namespace bart {

/// A training as one self-contained HTML page: what was trained on what, its curves, and what its model makes
/// of the test pictures, with the worst mistakes and the least certain answers and Grad-CAM of both. Works
/// without its script and without a network.
///
/// `state` is the trained model, `test` the indices of the test pictures among `pictures`, whose labels index
/// run.record.classes. Thumbnails are read from run.record.data_folder, where a file is gone they show what
/// the network saw. `progress(done, total)` counts test pictures. Throws Error when the network does not fit
/// the pictures, or answers with what is no number.
std::string training_report(const RecordedRun& run, const StateDict& state, const LoadedPictures& pictures,
                            std::span<const std::uint32_t> test, int threads,
                            const std::function<void(std::size_t, std::size_t)>& progress = {});

}  // namespace bart
