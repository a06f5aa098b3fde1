#include "bart/report/run.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "bart/platform/error.h"
#include "bart/platform/files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t largest_record = std::uint64_t{1} << 30;

std::string text_of(const fs::path& path) {
  const std::vector<std::uint8_t> bytes = read_file(path, largest_record);
  return {bytes.begin(), bytes.end()};
}

fs::path run_folder_of(const fs::path& path) {
  for (const fs::path& folder : {path / "bart-run", path}) {
    if (fs::exists(folder / "run.json")) return folder;
  }
  throw Error(fmt::format("{} holds no training: name the folder that bart train wrote its results into",
                          path.string()));
}

void read_record(const json& record, RunFacts& run) {
  record.at("command").get_to(run.command);
  record.at("version").get_to(run.version);

  const json& machine = record.at("machine");
  machine.at("cpu").get_to(run.machine.cpu);
  machine.at("instructions").get_to(run.machine.instructions);
  machine.at("system").get_to(run.machine.system);
  machine.at("memory_bytes").get_to(run.machine.memory_bytes);
  machine.at("threads").get_to(run.machine.threads);

  const json& options = record.at("options");
  options.at("batch_size").get_to(run.batch_size);
  options.at("learning_rate").get_to(run.learning_rate);
  options.at("epochs").get_to(run.epochs);
  if (!options.at("max_steps").is_null()) run.max_steps = options.at("max_steps").get<std::int64_t>();
  options.at("seed").get_to(run.seed);
  options.at("split").get_to(run.split);
  options.at("test_size").get_to(run.test_size);
  options.at("image_size").get_to(run.image_size);
  options.at("ignore_exif").get_to(run.ignore_exif);

  const json& data = record.at("data");
  run.data_folder = data.at("folder").get<std::string>();
  data.at("classes").get_to(run.classes);
  data.at("pictures").get_to(run.pictures);
  data.at("train").get_to(run.train_pictures);
  data.at("test").get_to(run.test_pictures);
  data.at("sizes").get_to(run.sizes);
  data.at("bytes").get_to(run.bytes);
  for (const json& its : data.at("skipped")) {
    run.skipped.push_back({its.at("file").get<std::string>(), its.at("reason").get<std::string>()});
  }
  run.converted = data.at("converted").size();

  const json& results = record.at("results");
  results.at("status").get_to(run.status);
  results.at("started").get_to(run.started);
  results.at("written").get_to(run.written);
  results.at("peak_memory_bytes").get_to(run.peak_memory_bytes);
  for (const json& its : results.at("epochs")) {
    const EpochRecord epoch{.epoch = its.at("epoch"),
                            .loss = its.at("loss"),
                            .train_accuracy = its.at("train_accuracy_percent"),
                            .validation_accuracy = its.at("validation_accuracy_percent"),
                            .validation_macro_f1 = its.at("validation_macro_f1"),
                            .validation_loss = its.at("validation_loss"),
                            .train_seconds = its.at("train_seconds"),
                            .validation_seconds = its.at("validation_seconds")};
    run.history.push_back(history_row(epoch, run.learning_rate, run.train_pictures));
  }
}

/// A line of steps.csv; false when it is none.
bool read_step(std::string_view line, StepRecord& step) {
  const char* at = line.data();
  const char* end = at + line.size();
  const auto number = [&](auto& value, bool last) {
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || (last ? next != end : next == end || *next != ',')) return false;
    at = next + 1;
    return true;
  };
  return number(step.step, false) && number(step.epoch, false) && number(step.loss, true);
}

std::vector<StepRecord> read_steps(const fs::path& path) {
  const std::string text = text_of(path);
  std::vector<StepRecord> steps;
  std::size_t start = text.find('\n') + 1;  // behind the heading; without one, 0
  while (start > 0 && start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    StepRecord step{};
    if (!read_step(std::string_view(text).substr(start, end - start), step)) {
      throw Error(fmt::format("{} is not what bart train writes: line {} is no step", path.string(),
                              steps.size() + 2));
    }
    steps.push_back(step);
    start = end + 1;
  }
  return steps;
}

}  // namespace

RunFacts read_run(const fs::path& path) {
  RunFacts run;
  run.folder = run_folder_of(path);
  const fs::path record = run.folder / "run.json";
  try {
    read_record(json::parse(text_of(record)), run);
  } catch (const json::exception&) {
    throw Error(fmt::format("{} is not what bart train writes", record.string()));
  }
  run.steps = read_steps(run.folder / "steps.csv");
  return run;
}

}  // namespace bart
