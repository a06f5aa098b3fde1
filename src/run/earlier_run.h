#pragma once

#include <cstddef>

#include "bart/record/run_folder.h"

namespace bart {

/// What an earlier training left in a folder of results. It gets a second name in bart-run/before/ when a new
/// training begins, and that folder becomes bart-run/earlier/ when the new training has a model. So what is
/// in earlier/ is replaced only by a training whose model has been replaced itself.
class EarlierRun {
 public:
  explicit EarlierRun(const RunFolder& folder) : folder_(folder) {}

  /// Keeps the model, the record and the test pictures of the earlier training in before/, or in a folder
  /// without a record the label file and pictures that a training would replace. A training that was killed
  /// before it had a model has nothing to keep: what it found is in before/ already. Returns how many
  /// pictures are kept. Throws Error.
  std::size_t keep();
  /// The new training has a model: before/ becomes earlier/. Throws Error.
  void settle();
  /// Puts everything back, for a training that failed before it had a model.
  void restore();

  /// Whether there is a model, which is of an earlier training as long as this one has written none.
  bool has_model() const;

 private:
  RunFolder folder_;
};

}  // namespace bart
