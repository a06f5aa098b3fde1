#include "bart/record/run_record.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <ctime>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"
#include "bart/record/epoch_figures.h"

namespace bart {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::uint64_t largest_record = std::uint64_t{1} << 30;

/// A value has another type than its name requires.
struct BadValue {};

/// The JSON library converts numbers of all types into each other, and one that does not fit would be
/// undefined behaviour.
template <std::integral Whole>
Whole whole(const json& value) {
  const bool fits = value.is_number_unsigned()  ? std::in_range<Whole>(value.get<std::uint64_t>())
                    : value.is_number_integer() ? std::in_range<Whole>(value.get<std::int64_t>())
                                                : false;
  if (!fits) throw BadValue();
  return value.get<Whole>();
}

/// JSON has no NaN and no infinity; null stands for them.
ordered_json number(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}

double real(const json& value) {
  return value.is_null() ? std::nan("") : value.get<double>();
}

std::uint64_t fingerprint(const json& value) {
  const auto& text = value.get_ref<const std::string&>();
  std::uint64_t bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
  if (error != std::errc() || end != text.data() + text.size()) throw BadValue();
  return bits;
}

template <typename Value>
ordered_json encode_value(const Value& value, bool may_be_nothing) {
  if constexpr (!std::is_same_v<Value, double> && !std::is_same_v<Value, bool>) {
    if (may_be_nothing && value == Value{}) return nullptr;
  }
  return value;
}

template <typename Value>
void decode_value(const json& value, bool may_be_nothing, Value& into) {
  if (value.is_null() && may_be_nothing) {
    into = Value{};
    return;
  }
  if constexpr (std::is_same_v<Value, int> || std::is_same_v<Value, std::int64_t>) {
    into = whole<Value>(value);
  } else {
    into = value.get<Value>();
  }
}

ordered_json encode_settings(const RunSettings& settings) {
  ordered_json options;
  for (const Setting& setting : run_settings()) {
    if (setting.effect == Effect::output) continue;
    options[setting.name] =
        std::visit([&](auto member) { return encode_value(settings.*member, setting.nothing != nullptr); },
                   setting.value);
  }
  return options;
}

void decode_settings(const json& options, RunRecord& record) {
  for (const Setting& setting : run_settings()) {
    if (setting.effect == Effect::output) continue;
    if (const auto found = options.find(setting.name); found != options.end()) {
      std::visit(
          [&](auto member) { decode_value(*found, setting.nothing != nullptr, record.settings.*member); },
          setting.value);
    } else {
      record.unrecorded.insert(setting.name);
    }
  }
  if (record.unrecorded.contains("precision"))
    record.settings.precision = "f32";  // the only precision at that time
  if (record.unrecorded.contains("device")) record.settings.device = "cpu";
  if (record.unrecorded.contains("threads")) record.settings.threads = record.threads;
  check(record.settings);
}

ordered_json encode_data(const RunRecord& record) {
  ordered_json skipped = ordered_json::array();
  for (const SkippedPicture& picture : record.skipped) {
    skipped.push_back({{"file", picture.file}, {"reason", picture.reason}});
  }
  ordered_json converted = ordered_json::array();
  for (const auto& [file, mode] : record.converted) converted.push_back({{"file", file}, {"mode", mode}});
  return {{"folder", record.data_folder.string()},
          {"pictures", record.pictures},
          {"classes", record.classes},
          {"sizes", record.sizes},
          {"bytes", record.bytes},
          {"train", record.train_pictures},
          {"validation", record.validation_pictures},
          {"test", record.test_pictures},
          {"validation_given", record.validation_given},
          {"test_given", record.test_given},
          {"skipped", skipped},
          {"converted", converted}};
}

void decode_data(const json& data, RunRecord& record) {
  record.data_folder = data.at("folder").get<std::string>();
  data.at("classes").get_to(record.classes);
  record.pictures = whole<std::size_t>(data.at("pictures"));
  record.train_pictures = whole<std::size_t>(data.at("train"));
  record.validation_pictures = data.contains("validation") ? whole<std::size_t>(data["validation"]) : 0;
  record.test_pictures = whole<std::size_t>(data.at("test"));
  record.validation_given = data.value("validation_given", false);
  record.test_given = data.value("test_given", false);
  record.sizes = whole<std::size_t>(data.at("sizes"));
  record.bytes = whole<std::uint64_t>(data.at("bytes"));
  for (const json& picture : data.at("skipped")) {
    record.skipped.push_back(
        {picture.at("file").get<std::string>(), picture.at("reason").get<std::string>()});
  }
  for (const json& picture : data.at("converted")) {
    record.converted.emplace_back(picture.at("file").get<std::string>(),
                                  picture.at("mode").get<std::string>());
  }
}

EpochRecord decode_epoch(const json& object, const RunRecord& record) {
  EpochRecord epoch{};
  epoch.epoch = whole<int>(object.at("epoch"));
  for (const EpochFigure& figure : epoch_figures()) {
    if (figure.since_first_version || object.contains(figure.name)) {
      epoch.*figure.value = real(object.at(figure.name));
    }
  }
  // The first versions did not record these figures.
  if (!object.contains("learning_rate")) epoch.learning_rate = record.settings.learning_rate;
  if (!object.contains("images_per_second") && epoch.train_seconds > 0) {
    epoch.images_per_second = static_cast<double>(record.train_pictures) / epoch.train_seconds;
  }
  return epoch;
}

ordered_json encode_evaluation(const EvaluationRecord& evaluation) {
  ordered_json classes = ordered_json::array();
  for (const ClassScores& row : evaluation.classes) {
    classes.push_back({{"label", row.label},
                       {"precision", row.scores.precision},
                       {"recall", row.scores.recall},
                       {"f1", row.scores.f1},
                       {"support", row.support},
                       {"predicted", row.predicted}});
  }
  return {{"model", evaluation.model},
          {"pictures", evaluation.pictures},
          {"expected_calibration_error", evaluation.expected_calibration_error},
          {"classes", std::move(classes)}};
}

/// A figure from 0 to 1.
double share(const json& value) {
  const double figure = real(value);
  if (!(figure >= 0 && figure <= 1)) throw BadValue();
  return figure;
}

EvaluationRecord decode_evaluation(const json& object, const RunRecord& record) {
  EvaluationRecord evaluation{.model = object.at("model").get<std::string>(),
                              .pictures = object.at("pictures").get<std::string>(),
                              .expected_calibration_error = share(object.at("expected_calibration_error")),
                              .classes = {}};
  if (evaluation.pictures != "validation" && evaluation.pictures != "test") throw BadValue();
  const auto pictures = [&](const json& value) {
    const auto count = whole<std::int64_t>(value);
    if (count < 0 || std::cmp_greater(count, record.pictures)) throw BadValue();
    return count;
  };
  for (const json& row : object.at("classes")) {
    ClassScores& scores = evaluation.classes.emplace_back(
        ClassScores{.label = whole<std::int32_t>(row.at("label")),
                    .scores = {share(row.at("precision")), share(row.at("recall")), share(row.at("f1"))},
                    .support = pictures(row.at("support")),
                    .predicted = pictures(row.at("predicted"))});
    // Whoever looks for the name of a class takes its label for its place.
    const std::int32_t least = evaluation.classes.size() == 1 ? 0 : evaluation.classes.rbegin()[1].label + 1;
    if (scores.label < least || std::cmp_greater_equal(scores.label, record.classes.size())) throw BadValue();
  }
  return evaluation;
}

ordered_json encode_model_record(const ModelRecord& model) {
  ordered_json object = {{"file", model.file},
                         {"epoch", model.epoch},
                         {"fingerprint", fmt::format("{:016x}", model.fingerprint)}};
  if (model.weights) object["weights"] = fmt::format("{:016x}", *model.weights);
  if (model.bfloat16_weights) object["bfloat16_weights"] = fmt::format("{:016x}", *model.bfloat16_weights);
  return object;
}

ordered_json encode_results(const RunRecord& record) {
  ordered_json epochs = ordered_json::array();
  for (const EpochRecord& epoch : record.epochs) {
    ordered_json object = {{"epoch", epoch.epoch}};
    for (const EpochFigure& figure : epoch_figures()) object[figure.name] = number(epoch.*figure.value);
    epochs.push_back(std::move(object));
  }
  ordered_json tests = ordered_json::array();
  for (const TestRecord& test : record.tests) {
    tests.push_back({{"model", test.model},
                     {"accuracy_percent", number(test.accuracy_percent)},
                     {"macro_f1", number(test.macro_f1)},
                     {"loss", number(test.loss)}});
  }
  ordered_json evaluations = ordered_json::array();
  for (const EvaluationRecord& one : record.evaluations) evaluations.push_back(encode_evaluation(one));
  ordered_json models = ordered_json::array();
  for (const ModelRecord& model : record.models) models.push_back(encode_model_record(model));
  ordered_json results = {
      {"status", record.status},
      {"warnings", record.warnings},
      {"started", record.started},
      {"resumed_after_step",
       record.resumed_after_step ? ordered_json(*record.resumed_after_step) : ordered_json(nullptr)},
      {"written", record.written},
      {"steps", record.steps},
      {"epochs", epochs},
      {"tests", tests},
      {"evaluations", evaluations},
      {"models", models},
      {"peak_memory_bytes", record.peak_memory_bytes}};
  if (record.writing) results["writing"] = encode_model_record(*record.writing);
  return results;
}

ModelRecord decode_model_record(const json& object) {
  ModelRecord model{object.at("file").get<std::string>(), whole<int>(object.at("epoch")),
                    fingerprint(object.at("fingerprint"))};
  if (object.contains("weights")) model.weights = fingerprint(object["weights"]);
  if (object.contains("bfloat16_weights")) model.bfloat16_weights = fingerprint(object["bfloat16_weights"]);
  return model;
}

void decode_results(const json& results, RunRecord& record) {
  results.at("status").get_to(record.status);
  results.at("started").get_to(record.started);
  results.at("written").get_to(record.written);
  if (const json& step = results.value("resumed_after_step", json()); !step.is_null()) {
    record.resumed_after_step = whole<std::int64_t>(step);
  }
  if (results.contains("steps")) record.steps = whole<std::int64_t>(results["steps"]);
  record.peak_memory_bytes = whole<std::uint64_t>(results.at("peak_memory_bytes"));
  for (const json& object : results.at("epochs")) {
    record.epochs.push_back(decode_epoch(object, record));
    // Whoever looks for an epoch takes its number for its place.
    if (record.epochs.back().epoch != static_cast<int>(record.epochs.size())) throw BadValue();
  }
  for (const json& object : results.value("tests", json::array())) {
    record.tests.push_back({object.at("model").get<std::string>(), real(object.at("accuracy_percent")),
                            real(object.at("macro_f1")), real(object.at("loss"))});
  }
  for (const json& object : results.value("evaluations", json::array())) {
    record.evaluations.push_back(decode_evaluation(object, record));
  }
  for (const json& object : results.value("models", json::array())) {
    record.models.push_back(decode_model_record(object));
  }
  if (results.contains("writing")) record.writing = decode_model_record(results["writing"]);
  record.warnings = results.value("warnings", record.warnings);
}

RunRecord decode(const json& run) {
  RunRecord record;
  run.at("command").get_to(record.command);
  run.at("version").get_to(record.version);
  const json& machine = run.at("machine");
  machine.at("cpu").get_to(record.machine.cpu);
  machine.at("instructions").get_to(record.machine.instructions);
  machine.at("system").get_to(record.machine.system);
  record.machine.memory_bytes = whole<std::uint64_t>(machine.at("memory_bytes"));
  record.threads = whole<int>(machine.at("threads"));
  record.gpu = machine.value("gpu", record.gpu);
  record.hosts = machine.value("hosts", record.hosts);
  decode_settings(run.at("options"), record);
  decode_data(run.at("data"), record);
  decode_results(run.at("results"), record);
  return record;
}

}  // namespace

std::string iso_time() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

std::string workers_text(const RunRecord& record) {
  const std::string threads = counted(static_cast<std::uint64_t>(record.threads), "thread", "threads");
  if (!record.gpu.empty()) return fmt::format("{} and {}", record.gpu, threads);
  if (record.hosts.empty()) return threads;
  const std::set<std::string> computers(record.hosts.begin(), record.hosts.end());
  return fmt::format("{} on {}, each with {}", counted(record.hosts.size(), "process", "processes"),
                     counted(computers.size(), "computer", "computers"), threads);
}

std::string encode_run_record(const RunRecord& record) {
  const Machine& machine = record.machine;
  ordered_json run = {{"command", record.command},
                      {"version", record.version},
                      {"machine",
                       {{"cpu", machine.cpu},
                        {"instructions", machine.instructions},
                        {"threads", record.threads},
                        {"memory_bytes", machine.memory_bytes},
                        {"system", machine.system}}},
                      {"options", encode_settings(record.settings)},
                      {"data", encode_data(record)},
                      {"results", encode_results(record)}};
  if (!record.gpu.empty()) run["machine"]["gpu"] = record.gpu;
  if (!record.hosts.empty()) run["machine"]["hosts"] = record.hosts;
  return run.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

RunRecord decode_run_record(std::span<const std::uint8_t> text) {
  try {
    return decode(json::parse(text.begin(), text.end()));
  } catch (const json::exception&) {
  } catch (const BadValue&) {
  } catch (const SettingError&) {
  }
  throw Error("is not what bart train writes");
}

namespace {

/// Whether the model file that the training began to write is complete: it was killed before the record said
/// so.
bool is_written(const ModelRecord& model, const RunFolder& folder) {
  constexpr std::uint64_t most_bytes = std::uint64_t{1} << 40;
  const std::filesystem::path file = folder.results() / model.file;
  const std::vector<std::filesystem::path> files = folder.result_files();
  std::error_code none;
  if (std::ranges::find(files, file) == files.end() || !std::filesystem::is_regular_file(file, none))
    return false;
  try {
    return hash_of(read_file(file, most_bytes)) == model.fingerprint;
  } catch (const Error&) {  // whoever needs the file says what is wrong with it
    return false;
  }
}

}  // namespace

RunRecord read_run_record(const RunFolder& folder) {
  const std::vector<std::uint8_t> text = read_file(folder.run_json(), largest_record);
  try {
    RunRecord record = decode_run_record(text);
    if (record.writing && is_written(*record.writing, folder)) {
      std::erase_if(record.models,
                    [&](const ModelRecord& model) { return model.file == record.writing->file; });
      record.models.push_back(*std::exchange(record.writing, {}));
    }
    return record;
  } catch (const Error& error) {
    throw Error(fmt::format("{} {}", folder.run_json().string(), error.what()));
  }
}

bool RunRecord::tells(const Setting& setting) const {
  const std::string_view flag = setting.flag;
  const bool all_given = test_given && (validation_pictures == 0 || validation_given);
  return !unrecorded.contains(setting.name) && !(all_given && (flag == "split" || flag == "split-seed"));
}

std::optional<bool> wrote_model(const RunRecord& record, std::uint64_t fingerprint) {
  if (record.models.empty() && !record.unfinished()) return std::nullopt;
  return std::ranges::find(record.models, fingerprint, &ModelRecord::fingerprint) != record.models.end() ||
         (record.writing && record.writing->fingerprint == fingerprint);
}

double seconds_of(std::span<const EpochRecord> epochs) {
  double seconds = 0;
  for (const EpochRecord& epoch : epochs) seconds += epoch.train_seconds + epoch.validation_seconds;
  return seconds;
}

double images_per_second(const RunRecord& record) {
  double seconds = 0;
  for (const EpochRecord& epoch : record.epochs) seconds += epoch.train_seconds;
  return static_cast<double>(record.epochs.size() * record.train_pictures) / seconds;
}

}  // namespace bart
