#pragma once

#include <optional>

#include "bart/run/run.h"
#include "log.h"
#include "progress.h"
#include "stop_signals.h"

namespace bart {

/// Logs a training on stderr, in the words of the original and with further lines, and stops it at a signal.
class TrainingLog {
 public:
  TrainingLog() : log_("Batlogger (Train)", progress_) {}
  TrainingLog(const TrainingLog&) = delete;
  TrainingLog& operator=(const TrainingLog&) = delete;

  /// The observer for train() and resume(). It refers to this object.
  RunObserver observer();

  Log& log() { return log_; }

  /// Says how the training ended. Returns the exit code.
  int end(const RunResult& result);

 private:
  void tell_data(const LoadedPictures& pictures, const RunSettings& settings);
  void tell_start(const RunStart& start);
  void tell_epoch(const EpochRecord& epoch);
  void tell_best(const RunResult& result);
  void tell_model(const std::filesystem::path& model);
  int signal() const { return signals_ ? signals_->received() : 0; }

  Progress progress_;
  Log log_;
  std::optional<StopSignals> signals_;  // from the first step
  int epochs_ = 0;                      // planned
  int epoch_ = 1;                       // the present one
  std::size_t skipped_ = 0, files_ = 0;
};

}  // namespace bart
