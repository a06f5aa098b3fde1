#include "bart/report/history.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "bart/formats/tensorboard.h"
#include "bart/platform/files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

constexpr const char* event_file_prefix = "events.out.tfevents.";

struct Column {
  const char* name;
  double HistoryRow::*value;
};

constexpr std::array<Column, 9> columns = {{
    {"loss", &HistoryRow::loss},
    {"train_accuracy_percent", &HistoryRow::train_accuracy_percent},
    {"validation_accuracy_percent", &HistoryRow::validation_accuracy_percent},
    {"validation_macro_f1", &HistoryRow::validation_macro_f1},
    {"validation_loss", &HistoryRow::validation_loss},
    {"learning_rate", &HistoryRow::learning_rate},
    {"images_per_second", &HistoryRow::images_per_second},
    {"train_seconds", &HistoryRow::train_seconds},
    {"validation_seconds", &HistoryRow::validation_seconds},
}};

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "localhost";
}

void remove_event_files(const fs::path& folder) {
  std::vector<fs::path> old;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with(event_file_prefix)) old.push_back(entry.path());
  }
  for (const fs::path& path : old) {
    std::error_code left;  // then TensorBoard shows it too, which harms nothing
    fs::remove(path, left);
  }
}

}  // namespace

HistoryRow history_row(const EpochRecord& epoch, double learning_rate, std::size_t train_pictures) {
  return {.epoch = epoch.epoch,
          .loss = epoch.loss,
          .train_accuracy_percent = epoch.train_accuracy,
          .validation_accuracy_percent = epoch.validation_accuracy,
          .validation_macro_f1 = epoch.validation_macro_f1,
          .validation_loss = epoch.validation_loss,
          .learning_rate = learning_rate,
          .images_per_second =
              epoch.train_seconds > 0 ? static_cast<double>(train_pictures) / epoch.train_seconds : 0,
          .train_seconds = epoch.train_seconds,
          .validation_seconds = epoch.validation_seconds};
}

std::string history_csv(std::span<const HistoryRow> rows) {
  std::string csv = "epoch";
  for (const Column& column : columns) csv += fmt::format(",{}", column.name);
  for (const HistoryRow& row : rows) {
    csv += fmt::format("\n{}", row.epoch);
    for (const Column& column : columns) csv += fmt::format(",{}", row.*column.value);
  }
  return csv + "\n";
}

std::string history_json(std::span<const HistoryRow> rows) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const HistoryRow& row : rows) {
    nlohmann::ordered_json object = {{"epoch", row.epoch}};
    for (const Column& column : columns) object[column.name] = row.*column.value;
    list.push_back(std::move(object));
  }
  return list.dump(2) + "\n";
}

RunHistory::RunHistory(fs::path folder, double learning_rate, std::size_t train_pictures,
                       const std::vector<EpochRecord>* earlier)
    : folder_(std::move(folder)), learning_rate_(learning_rate), train_pictures_(train_pictures) {
  if (earlier == nullptr) {
    remove_event_files(folder_);
  } else {
    for (const EpochRecord& epoch : *earlier)
      rows_.push_back(history_row(epoch, learning_rate, train_pictures));
  }
  // TensorBoard reads the event files of a folder as one run, in the order of their names.
  const double now = seconds_since_1970();
  events_ = folder_ /
            fmt::format("{}{:010.0f}.{}.{}.0", event_file_prefix, std::floor(now), host_name(), ::getpid());
  append_file(events_, encode_event_file_start(now));
  write_file(folder_ / "history.csv", history_csv(rows_));
  write_file(folder_ / "history.json", history_json(rows_));
}

void RunHistory::step(const StepRecord& step) const {
  const std::array<TensorBoardScalar, 1> scalars = {{{"loss/step", step.loss}}};
  append_file(events_, encode_scalar_event(seconds_since_1970(), step.step, scalars));
}

void RunHistory::epoch(const EpochRecord& epoch) {
  const HistoryRow& row = rows_.emplace_back(history_row(epoch, learning_rate_, train_pictures_));
  const auto scalar = [](const char* tag, double value) {
    return TensorBoardScalar{tag, static_cast<float>(value)};
  };
  const std::array<TensorBoardScalar, 7> scalars = {
      scalar("loss/train", row.loss),
      scalar("loss/validation", row.validation_loss),
      scalar("accuracy/train", row.train_accuracy_percent),
      scalar("accuracy/validation", row.validation_accuracy_percent),
      scalar("macro_f1/validation", row.validation_macro_f1),
      scalar("learning_rate", row.learning_rate),
      scalar("images_per_second", row.images_per_second)};
  append_file(events_, encode_scalar_event(seconds_since_1970(), row.epoch, scalars));
  write_file(folder_ / "history.csv", history_csv(rows_));
  write_file(folder_ / "history.json", history_json(rows_));
}

}  // namespace bart
