#include "bart/report/history.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <variant>

#include "bart/dataset/check_pixels.h"
#include "bart/formats/tensorboard.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/pictures/encode_png.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/record/epoch_figures.h"
#include "bart/training/metrics.h"
#include "markdown.h"
#include "validation_pictures.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "localhost";
}

void remove_event_files(const fs::path& folder) {
  std::vector<fs::path> old;
  std::error_code missing;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, missing)) {
    if (entry.path().filename().string().starts_with(RunFolder::events_prefix)) old.push_back(entry.path());
  }
  for (const fs::path& path : old) {
    std::error_code left;  // then TensorBoard shows the old curve too, which does no harm
    fs::remove(path, left);
  }
}

}  // namespace

RunHistory::RunHistory(const RunFolder& folder, const std::vector<EpochRecord>* earlier) : folder_(folder) {
  if (earlier == nullptr) {
    remove_event_files(folder_.record());
  } else {
    epochs_ = *earlier;
  }
  // TensorBoard reads the event files of a folder as one run, in the order of their names.
  const double now = seconds_since_1970();
  events_ = folder_.record() / fmt::format("{}{:010.0f}.{}.{}.0", RunFolder::events_prefix, std::floor(now),
                                           host_name(), ::getpid());
  append_file(events_, encode_event_file_start(now));
  write_history();
}

void RunHistory::write_history() const {
  write_file(folder_.history_csv(), history_csv(epochs_));
  write_file(folder_.history_json(), history_json(epochs_));
}

void RunHistory::begin(const RunRecord& run) const {
  const auto shows = [](const Setting& setting) { return setting.effect != Effect::output; };
  std::vector<TensorBoardSetting> settings;
  for (const Setting& setting : run_settings()) {
    if (!shows(setting)) continue;
    const std::string value = text_of(setting, run.settings);
    const std::optional<double> number = std::visit(
        [&](auto member) -> std::optional<double> {
          using Value = std::remove_cvref_t<decltype(run.settings.*member)>;
          if constexpr (std::is_same_v<Value, std::string> || std::is_same_v<Value, bool>)
            return std::nullopt;
          else
            return static_cast<double>(run.settings.*member);
        },
        setting.value);
    settings.push_back({setting.name, value, number});
  }
  const double now = seconds_since_1970();
  append_file(events_, encode_text_event(now, 0, "settings", settings_table(run.settings, shows)));
  std::vector<std::string> results;
  for (const EpochFigure& figure : epoch_figures()) {
    if (figure.tensorboard != nullptr && figure.better != Better::neither)
      results.emplace_back(figure.tensorboard);
  }
  append_file(events_, encode_settings_event(now, settings, results));
}

void RunHistory::validated(int epoch, const Predictions& predictions, const LoadedPictures& pictures,
                           std::span<const std::uint32_t> indices) const {
  check_pixels(pictures);
  if (indices.size() != predictions.size() || predictions.classes != pictures.classes.size())
    throw Error("the predictions do not fit the pictures of the validation");
  const std::vector<std::int32_t> predicted = predicted_labels(predictions);
  const Picture matrix =
      confusion_picture(confusion_matrix(predictions.labels, predicted, predictions.classes));
  std::vector<TensorBoardImage> images;
  images.push_back({"confusion_matrix", matrix.width, matrix.height, encode_png(matrix)});
  if (const Picture sheet = mistake_sheet(predictions, pictures, indices); sheet.width > 0) {
    images.push_back({"mistakes", sheet.width, sheet.height, encode_jpeg(sheet, 85)});
  }
  append_file(events_, encode_image_event(seconds_since_1970(), epoch, images));
}

void RunHistory::step(const StepRecord& step) const {
  const std::array<TensorBoardScalar, 1> scalars = {{{"loss/step", step.loss}}};
  append_file(events_, encode_scalar_event(seconds_since_1970(), step.step, scalars));
}

void RunHistory::epoch(const EpochRecord& epoch) {
  epochs_.push_back(epoch);
  std::vector<TensorBoardScalar> scalars;
  for (const EpochFigure& figure : epoch_figures()) {
    if (figure.tensorboard == nullptr) continue;
    scalars.push_back({figure.tensorboard, static_cast<float>(epoch.*figure.value)});
  }
  append_file(events_, encode_scalar_event(seconds_since_1970(), epoch.epoch, scalars));
  write_history();
}

void RunHistory::ended(bool success) const {
  append_file(events_, encode_session_end_event(seconds_since_1970(), success));
}

}  // namespace bart
