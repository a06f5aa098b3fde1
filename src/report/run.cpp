#include "bart/report/run.h"

#include <fmt/format.h>

#include <charconv>
#include <concepts>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

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

struct OutOfRange {};

/// The library turns numbers of every kind into each other; one that does not fit would be undefined
/// behavior.
template <std::integral Whole>
void read_whole(const json& value, Whole& whole) {
  const bool fits = value.is_number_unsigned()  ? std::in_range<Whole>(value.get<std::uint64_t>())
                    : value.is_number_integer() ? std::in_range<Whole>(value.get<std::int64_t>())
                                                : false;
  if (!fits) throw OutOfRange();
  value.get_to(whole);
}

void read_record(const json& record, RunFacts& run) {
  record.at("command").get_to(run.command);
  record.at("version").get_to(run.version);

  const json& machine = record.at("machine");
  machine.at("cpu").get_to(run.machine.cpu);
  machine.at("instructions").get_to(run.machine.instructions);
  machine.at("system").get_to(run.machine.system);
  read_whole(machine.at("memory_bytes"), run.machine.memory_bytes);
  read_whole(machine.at("threads"), run.machine.threads);

  const json& options = record.at("options");
  read_whole(options.at("batch_size"), run.batch_size);
  options.at("learning_rate").get_to(run.learning_rate);
  read_whole(options.at("epochs"), run.epochs);
  if (!options.at("max_steps").is_null()) read_whole(options.at("max_steps"), run.max_steps.emplace());
  read_whole(options.at("seed"), run.seed);
  // Trainings before there was a choice have neither.
  run.precision = options.value("precision", run.precision);
  if (options.value("exact", false)) run.precision += ", exact";
  options.at("split").get_to(run.split);
  options.at("test_size").get_to(run.test_size);
  read_whole(options.at("image_size"), run.image_size);
  options.at("ignore_exif").get_to(run.ignore_exif);

  const json& data = record.at("data");
  run.data_folder = data.at("folder").get<std::string>();
  data.at("classes").get_to(run.classes);
  read_whole(data.at("pictures"), run.pictures);
  read_whole(data.at("train"), run.train_pictures);
  read_whole(data.at("test"), run.test_pictures);
  read_whole(data.at("sizes"), run.sizes);
  read_whole(data.at("bytes"), run.bytes);
  for (const json& its : data.at("skipped")) {
    run.skipped.push_back({its.at("file").get<std::string>(), its.at("reason").get<std::string>()});
  }
  run.converted = data.at("converted").size();

  const json& results = record.at("results");
  results.at("status").get_to(run.status);
  results.at("started").get_to(run.started);
  results.at("written").get_to(run.written);
  read_whole(results.at("peak_memory_bytes"), run.peak_memory_bytes);
  for (const json& its : results.at("epochs")) {
    int number = 0;
    read_whole(its.at("epoch"), number);
    const EpochRecord epoch{.epoch = number,
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
  const Error no_record(fmt::format("{} is not what bart train writes", record.string()));
  try {
    read_record(json::parse(text_of(record)), run);
  } catch (const json::exception&) {
    throw no_record;
  } catch (const OutOfRange&) {
    throw no_record;
  }
  run.steps = read_steps(run.folder / "steps.csv");
  return run;
}

}  // namespace bart
