#pragma once

#include "bart/record/run_folder.h"

namespace bart {

/// What an earlier training left in a folder of results, kept in bart-run/earlier/ while a new one puts its
/// own in its place. The files stay where they are until they are replaced: they get a second name there.
class EarlierRun {
 public:
  explicit EarlierRun(const RunFolder& folder) : folder_(folder) {}

  /// Keeps the model and the record of the earlier training, in the place of what was kept before. An earlier
  /// training that wrote no model has nothing to keep. Throws Error.
  void keep();
  /// Keeps the picture inference_images/`name`, where there is one.
  void keep_test_picture(const std::string& name);
  /// Puts everything that keep() kept back, for a training that failed before it had a model.
  void restore();

  /// Whether there is a model that is of no training that is still going on.
  bool has_model() const;

 private:
  RunFolder folder_;
  bool kept_ = false;
};

}  // namespace bart
