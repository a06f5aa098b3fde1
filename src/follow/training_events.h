#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "bart/run/run.h"

namespace bart {

// The events of a training as JSON objects, each in a line, for programs that follow it. Each has "event" and
// "time" (ISO 8601, UTC).

std::string start_event(const RunStart& start);
std::string step_event(const StepRecord& step, std::size_t done, std::size_t total);
/// With the names of history.json.
std::string epoch_event(const EpochRecord& epoch);
std::string tested_event(const TestRecord& test);
std::string saved_event(Saved what, const std::filesystem::path& path);
/// `event` is "warning" or "message".
std::string text_event(const char* event, std::string_view sentence);
std::string end_event(const RunResult& result);

}  // namespace bart
