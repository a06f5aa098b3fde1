#include "training_events.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bart/platform/json_text.h"
#include "bart/record/epoch_figures.h"

namespace bart {
namespace {

using nlohmann::ordered_json;

ordered_json event(const char* name) {
  return {{"event", name}, {"time", iso_time()}};
}

/// A line; bytes of file names that are not UTF-8 are replaced.
std::string line(const ordered_json& json) {
  return json_text(json, -1);
}

}  // namespace

std::string start_event(const RunStart& start) {
  const RunRecord& record = start.record;
  ordered_json json = event("start");
  json["data"] = record.data_folder.string();
  json["pictures"] = record.pictures;
  json["classes"] = record.classes;
  json["train_pictures"] = record.train_pictures;
  json["validation_pictures"] = record.validation_pictures;
  json["test_pictures"] = record.test_pictures;
  if (!record.gpu.empty()) json["gpu"] = record.gpu;
  json["threads"] = record.threads;
  json["processes"] = std::max<std::size_t>(record.hosts.size(), 1);
  json["resumed_after_step"] =
      record.resumed_after_step ? ordered_json(*record.resumed_after_step) : ordered_json();
  for (const Setting& setting : run_settings()) {
    std::visit([&](auto member) { json["settings"][setting.name] = record.settings.*member; }, setting.value);
  }
  return line(json);
}

std::string step_event(const StepRecord& step, std::size_t done, std::size_t total) {
  ordered_json json = event("step");
  json["step"] = step.step;
  json["epoch"] = step.epoch;
  json["loss"] = step.loss;
  json["learning_rate"] = step.learning_rate;
  json["pictures_of_epoch"] = done;
  json["of"] = total;
  return line(json);
}

std::string epoch_event(const EpochRecord& epoch) {
  ordered_json json = event("epoch");
  json["epoch"] = epoch.epoch;
  for (const EpochFigure& figure : epoch_figures()) json[figure.name] = epoch.*figure.value;
  return line(json);
}

std::string tested_event(const TestRecord& test) {
  ordered_json json = event("tested");
  json["model"] = test.model;
  json["accuracy_percent"] = test.accuracy_percent;
  json["macro_f1"] = test.macro_f1;
  json["loss"] = test.loss;
  return line(json);
}

std::string saved_event(Saved what, const std::filesystem::path& path) {
  ordered_json json = event("saved");
  json["what"] = what == Saved::checkpoint   ? "checkpoint"
                 : what == Saved::best_model ? "best model"
                 : what == Saved::model      ? "model"
                                             : "report";
  json["path"] = path.string();
  return line(json);
}

std::string text_event(const char* name, std::string_view sentence) {
  ordered_json json = event(name);
  json["text"] = sentence;
  return line(json);
}

std::string end_event(const RunResult& result) {
  ordered_json json = event("end");
  json["status"] = result.record.status;
  json["steps"] = result.record.steps;
  json["epochs"] = result.record.epochs.size();
  json["best_epoch"] = result.best_epoch;
  json["checkpoint"] = result.checkpoint.string();
  return line(json);
}

}  // namespace bart
