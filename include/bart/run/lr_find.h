#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "bart/platform/progress.h"
#include "bart/record/run_settings.h"
#include "bart/run/run.h"
#include "bart/training/lr_range_test.h"

namespace bart {

/// Reads and splits the pictures of `folder` as a training with these settings does, and runs a learning rate
/// range test (see lr_range_test()) with its steps. `observer` sees the reading, `progress` the steps;
/// `given` are the flags of RunCommand. Writes nothing but the cache, if the settings name one. Throws as
/// train() does.
LrRangeTest find_learning_rate(const std::filesystem::path& folder, const RunSettings& settings,
                               const LrRange& range = {}, const RunObserver& observer = {},
                               const OnProgress& progress = {}, const std::set<std::string>& given = {});

}  // namespace bart
