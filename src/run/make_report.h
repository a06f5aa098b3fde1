#pragma once

#include "bart/dataset/load.h"
#include "bart/network/state_dict.h"
#include "bart/platform/progress.h"
#include "bart/record/run_record.h"

namespace bart {

/// Writes report.html of a training whose model is `state`; `test` are the test pictures among `pictures`.
void write_report(const RecordedRun& run, const StateDict& state, const LoadedPictures& pictures,
                  std::span<const std::uint32_t> test, int threads, const OnProgress& progress);

}  // namespace bart
