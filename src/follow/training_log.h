#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bart/run/run.h"
#include "log.h"
#include "progress.h"
#include "stop_signals.h"
#include "training_bar.h"

namespace bart {

/// How a training is told.
enum class LogStyle {
  original,  // in the words of the original and with further lines, on stderr
  table,     // for people: a header, a row per epoch, and a bar with the time left, on stderr
  json,      // for programs: training_events.h, a line per event, on stdout; warnings also on stderr
};

/// Tells how a training goes on, and stops it at a signal.
class TrainingLog {
 public:
  explicit TrainingLog(LogStyle style) : style_(style), log_("Batlogger (Train)", progress_) {}
  TrainingLog(const TrainingLog&) = delete;
  TrainingLog& operator=(const TrainingLog&) = delete;

  /// The observer for train() and resume(). It refers to this object.
  RunObserver observer();

  void info(const std::string& sentence);
  void warning(const std::string& sentence);

  /// Says how the training ended. Returns the exit code.
  int end(const RunResult& result);

 private:
  RunObserver table_observer();
  RunObserver json_observer();
  void tell_line(const std::string& line);
  void tell_header(const RunStart& start);
  void tell_no_report(const RunRecord& record);
  void tell_row(const EpochRecord& epoch);
  void tell_skipped(const LoadedPictures& pictures);
  void tell_data(const LoadedPictures& pictures, const RunSettings& settings);
  void tell_start(const RunStart& start);
  void tell_epoch(const EpochRecord& epoch);
  void tell_best(const RunResult& result);
  void tell_model(const std::filesystem::path& model);
  int signal() const { return signals_ ? signals_->received() : 0; }

  LogStyle style_;
  Progress progress_;
  Log log_;
  std::optional<StopSignals> signals_;  // from the first step
  int epochs_ = 0;                      // planned
  int epoch_ = 1;                       // the present one
  std::size_t skipped_ = 0, files_ = 0;
  // Of the table.
  TrainingBar bar_;
  std::vector<EpochRecord> rows_;
  BestBy best_by_ = BestBy::accuracy;
};

}  // namespace bart
