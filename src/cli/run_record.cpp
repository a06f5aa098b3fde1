#include "run_record.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "bart/platform/files.h"
#include "machine.h"
#include "version.h"

namespace bart {

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
                       {"train_seconds", epoch.train_seconds},
                       {"validation_seconds", epoch.validation_seconds}});
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
        {"split", record.split},
        {"test_size", record.test_size},
        {"image_size", pictures.image_size},
        {"ignore_exif", record.ignore_exif}}},
      {"data",
       {{"folder", std::filesystem::absolute(record.data_folder).string()},
        {"pictures", pictures.size()},
        {"classes", pictures.classes},
        {"sizes", pictures.sizes.size()},
        {"bytes", pictures.bytes_read},
        {"train", split.train.size()},
        {"test", split.test.size()},
        {"skipped", skipped},
        {"converted", converted}}},
      {"results",
       {{"status", status},
        {"started", record.started},
        {"written", iso_time()},
        {"steps", steps.size()},
        {"epochs", history},
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

}  // namespace bart
