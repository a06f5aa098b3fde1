#include "bart/report/history.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cmath>
#include <system_error>

#include "bart/formats/tensorboard.h"
#include "bart/platform/files.h"
#include "bart/record/epoch_figures.h"

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
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
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

}  // namespace bart
