#include "prediction_output.h"

#include <utility>

namespace bart {

PredictionOutput::PredictionOutput(std::filesystem::path path, bool named, PredictionFormat format)
    : path_(std::move(path)),
      named_(named),
      appears_(format == PredictionFormat::json ? OutputFile::Appears::at_the_end
                                                : OutputFile::Appears::at_once) {}

void PredictionOutput::write_out() {
  if (pending_.empty()) return;
  if (path_ == "-") {
    write_output("-", pending_);
  } else {
    if (!file_) {
      if (!named_) {
        earlier_.emplace(path_, appears_ == OutputFile::Appears::at_once
                                    ? EarlierOutput::Replaced::in_place
                                    : EarlierOutput::Replaced::as_a_whole);
      }
      file_.emplace(path_, appears_);
    }
    file_->write(pending_);
  }
  pending_.clear();
}

std::string PredictionOutput::finish() {
  // The original's results.json has no newline at its end; on a terminal one is due.
  if (path_ == "-" && appears_ == OutputFile::Appears::at_the_end) pending_ += '\n';
  write_out();
  if (file_) file_->finish();
  return earlier_ ? earlier_->keep() : std::string();
}

}  // namespace bart
