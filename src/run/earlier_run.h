#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "bart/record/run_folder.h"

namespace bart {

/// The results of an earlier training in a folder of results. When a new training begins, its files are
/// linked into bart-run/before/; when the new training has a model, that folder is renamed to
/// bart-run/earlier/. So earlier/ always holds the last training before this one that had a model. Files that
/// no training wrote here, such as the user's own pic_0.jpg or an export in bart-run/earlier/, are never
/// removed: they go to bart-run/kept-1/, or the next number that is free.
class EarlierRun {
 public:
  explicit EarlierRun(const RunFolder& folder) : folder_(folder) {}

  /// Keeps the model, the record and the test pictures of the earlier training in before/, or in a folder
  /// without a record the files that a training would replace. A training that was killed before it had a
  /// model has nothing to keep, for what it found is in before/ already; but keep_others() follows. The new
  /// training writes `test_pictures` pictures. Returns sentences about the files that no training wrote here.
  /// Throws Error.
  std::vector<std::string> keep(std::size_t test_pictures);
  /// After a training without a model, also for one that goes on without one: gives the results that others
  /// put there since a second name in kept-1/, because the first model will replace them. Returns sentences
  /// about them. Throws Error.
  std::vector<std::string> keep_others(std::size_t test_pictures);
  /// For a training that goes on and has a model: moves its label file and test pictures that are no longer
  /// what it wrote to kept-1/, and keeps there a model that it did not write. Returns a sentence about them;
  /// empty if there are none. Throws Error.
  std::string keep_changed(std::size_t test_pictures);
  /// The new training has a model: before/ becomes earlier/. Throws Error.
  void settle(std::size_t test_pictures);
  /// Puts everything back, for a training that failed before it had a model.
  void restore();

  /// Whether there is a model, which is of an earlier training as long as this one has written none.
  bool has_model() const;
  /// Whether before/ holds an earlier training.
  bool has_record() const;

 private:
  std::filesystem::path place_of_others() const;
  bool is_kept(const std::filesystem::path& file) const;
  /// Does what a training has left to do that was killed after it had written its first model.
  void finish_settling(std::size_t test_pictures);
  void remove_own_results() const;
  bool put_results_back(const std::filesystem::path& kept) const;

  RunFolder folder_;
  std::filesystem::path others_;  // what keep_others() made; empty: nothing
  enum class State { untouched, keeping, kept } state_ = State::untouched;  // how far keep() has come
};

}  // namespace bart
