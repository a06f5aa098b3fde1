#include "run_record.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/peak_memory.h"
#include "csv_text.h"
#include "machine.h"
#include "version.h"

namespace bart {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

std::string iso_time() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

void write_run_json(const std::filesystem::path& folder, const RunRecord& record,
                    const LoadedPictures& pictures, const Split& split, const TrainOptions& options,
                    const std::vector<StepRecord>& steps, const std::vector<EpochRecord>& epochs,
                    const std::string& status) {
  const Machine machine = this_machine();
  ordered_json skipped = ordered_json::array();
  for (const SkippedPicture& picture : pictures.skipped) {
    skipped.push_back({{"file", picture.file}, {"reason", picture.reason}});
  }
  ordered_json converted = ordered_json::array();
  for (const auto& [file, mode] : pictures.converted) converted.push_back({{"file", file}, {"mode", mode}});
  ordered_json history = ordered_json::array();
  for (const EpochRecord& epoch : epochs) {
    history.push_back({{"epoch", epoch.epoch},
                       {"loss", epoch.loss},
                       {"train_accuracy_percent", epoch.train_accuracy},
                       {"validation_accuracy_percent", epoch.validation_accuracy},
                       {"validation_macro_f1", epoch.validation_macro_f1},
                       {"validation_loss", epoch.validation_loss},
                       {"train_seconds", epoch.train_seconds},
                       {"validation_seconds", epoch.validation_seconds}});
  }
  ordered_json tests = ordered_json::array();
  for (const TestRecord& test : record.tests) {
    tests.push_back({{"model", test.model},
                     {"accuracy_percent", 100 * test.accuracy},
                     {"macro_f1", test.macro_f1},
                     {"loss", test.loss}});
  }
  const ordered_json run = {
      {"command", record.command},
      {"version", version},
      {"machine",
       {{"cpu", machine.cpu},
        {"instructions", machine.instructions},
        {"threads", options.threads},
        {"memory_bytes", machine.memory_bytes},
        {"system", machine.system}}},
      {"options",
       {{"batch_size", options.batch_size},
        {"learning_rate", options.learning_rate},
        {"epochs", options.epochs},
        {"max_steps", options.max_steps ? ordered_json(*options.max_steps) : ordered_json(nullptr)},
        {"seed", options.seed},
        {"precision", options.precision == Precision::bf16 ? "bf16" : "f32"},
        {"exact", options.exact},
        {"split", record.split},
        {"test_size", record.test_size},
        {"validation_size", record.validation_size},
        {"image_size", pictures.image_size},
        {"ignore_exif", record.ignore_exif}}},
      {"data",
       {{"folder", std::filesystem::absolute(record.data_folder).string()},
        {"pictures", pictures.size()},
        {"classes", pictures.classes},
        {"sizes", pictures.sizes.size()},
        {"bytes", pictures.bytes_read},
        {"train", split.train.size()},
        {"validation", split.validation.size()},
        {"test", split.test.size()},
        {"skipped", skipped},
        {"converted", converted}}},
      {"results",
       {{"status", status},
        {"started", record.started},
        {"resumed_after_step",
         record.resumed_after_step ? ordered_json(*record.resumed_after_step) : ordered_json(nullptr)},
        {"written", iso_time()},
        {"steps", steps.size()},
        {"epochs", history},
        {"tests", tests},
        {"peak_memory_bytes", peak_memory_bytes()}}},
  };
  // File names may hold bytes that are no UTF-8; JSON cannot.
  write_file(folder / "run.json", run.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

void write_steps_csv(const std::filesystem::path& folder, const std::vector<StepRecord>& steps) {
  std::string csv = "step,epoch,loss\n";
  for (const StepRecord& step : steps) {
    fmt::format_to(std::back_inserter(csv), "{},{},{:.9g}\n", step.step, step.epoch, step.loss);
  }
  write_file(folder / "steps.csv", csv);
}

void write_test_pictures_csv(const fs::path& folder, const fs::path& data_folder,
                             const LoadedPictures& pictures, const Split& split) {
  std::string csv = "picture,file,bytes\n";
  for (std::size_t i = 0; i < split.test.size(); ++i) {
    const std::string& file = pictures.files[split.test[i]];
    std::error_code gone;  // since it was read; recorded_test_pictures() will say so
    const std::uintmax_t bytes = fs::file_size(data_folder / file, gone);
    fmt::format_to(std::back_inserter(csv), "pic_{}.jpg,{},{}\n", i, csv_field(file), gone ? 0 : bytes);
  }
  write_file(folder / "test_pictures.csv", csv);
}

RecordedData decode_recorded_data(std::span<const std::uint8_t> json) {
  try {
    const auto run = nlohmann::json::parse(json.begin(), json.end());
    const std::string status = run.at("results").at("status").get<std::string>();
    return {run.at("data").at("folder").get<std::string>(), run.at("options").at("ignore_exif").get<bool>(),
            status == "running" || status == "interrupted"};
  } catch (const nlohmann::json::exception&) {
    throw Error("is not what bart train writes");
  }
}

RecordedData read_recorded_data(const fs::path& run_folder) {
  const fs::path path = run_folder / "run.json";
  if (!fs::exists(path)) {
    throw Error(
        fmt::format("there is no {}, which tells what the model was tested on: name a folder (bart evaluate "
                    "FOLDER), or run where bart train wrote its results",
                    path.string()));
  }
  const std::vector<std::uint8_t> json = read_file(path);
  try {
    return decode_recorded_data(json);
  } catch (const Error& error) {
    throw Error(fmt::format("{} {}: name a folder (bart evaluate FOLDER)", path.string(), error.what()));
  }
}

Listing recorded_test_pictures(const fs::path& run_folder, const fs::path& data_folder) {
  const fs::path path = run_folder / "test_pictures.csv";
  const std::vector<std::uint8_t> bytes = read_file(path);
  auto rows = csv_rows_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!rows.empty()) rows.erase(rows.begin());  // the heading
  Listing listing{data_folder, {}, {}};
  std::vector<std::string> changed;
  for (const std::vector<std::string>& row : rows) {
    const std::size_t slash = row.size() == 3 ? row[1].find('/') : std::string::npos;
    if (slash == std::string::npos) {
      throw Error(fmt::format("{} is not what bart train writes: name a folder (bart evaluate FOLDER)",
                              path.string()));
    }
    const std::string name = row[1].substr(0, slash);
    const auto found = std::ranges::find(listing.classes, name);
    listing.pictures.push_back({row[1], static_cast<std::int32_t>(found - listing.classes.begin())});
    if (found == listing.classes.end()) listing.classes.push_back(name);
    std::error_code error;
    const std::uintmax_t size = fs::file_size(data_folder / row[1], error);
    if (error || std::to_string(size) != row[2]) changed.push_back(row[1]);
  }
  if (listing.pictures.empty()) throw Error(fmt::format("{} names no picture", path.string()));
  if (!changed.empty()) {
    throw Error(
        fmt::format("{} of the {} test pictures in {} are gone or not what they were at the training (the "
                    "first: {}): put them back, or name a folder (bart evaluate FOLDER)",
                    changed.size(), listing.pictures.size(), data_folder.string(), changed.front()));
  }
  return listing;
}

}  // namespace bart
