#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/record/run_record.h"

namespace bart {
namespace {

constexpr std::uint64_t largest_file = std::uint64_t{1} << 30;

/// Reads a line of steps.csv; in those of earlier versions there is no learning rate, which is then -1.
/// Returns false if it is not one.
bool read_step(std::string_view line, StepRecord& step) {
  const char* at = line.data();
  const char* const end = at + line.size();
  const auto number = [&](auto& value, bool last) {
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || (last ? next != end : next == end || *next != ',')) return false;
    at = next + 1;
    return true;
  };
  if (!number(step.step, false) || !number(step.epoch, false)) return false;
  step.learning_rate = -1;
  const char* const loss = at;
  if (number(step.loss, true)) return true;
  at = loss;
  return number(step.loss, false) && number(step.learning_rate, true) && step.learning_rate >= 0;
}

std::vector<StepRecord> read_steps(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = read_file(path, largest_file);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<StepRecord> steps;
  std::size_t start = text.find('\n') + 1;  // after the column names; 0 without them
  while (start > 0 && start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    StepRecord step{};
    if (!read_step(text.substr(start, end - start), step)) {
      throw Error(fmt::format("{} is not what bart train writes: line {} is not a step", path.string(),
                              steps.size() + 2));
    }
    steps.push_back(step);
    start = end + 1;
  }
  return steps;
}

}  // namespace

std::string encode_steps(std::span<const StepRecord> steps) {
  std::string csv = "step,epoch,loss,learning_rate\n";
  for (const StepRecord& step : steps) {
    fmt::format_to(std::back_inserter(csv), "{},{},{:.9g},{}\n", step.step, step.epoch, step.loss,
                   step.learning_rate);
  }
  return csv;
}

RecordedRun read_run(const std::filesystem::path& path) {
  const RunFolder folder = find_run(path);
  return {folder, read_run_record(folder), read_steps(folder.steps_csv())};
}

}  // namespace bart
