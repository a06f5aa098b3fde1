#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bart/record/run_settings.h"
#include "bart/run/run.h"

namespace bart {

/// Settings that a search tries: those of the recipe with a few changes. Candidate 0 is the recipe itself.
struct Candidate {
  /// What is tried, for people, by the flag of its setting: ("lr", "0.0031"), ("augment", "x0.8"). All
  /// candidates of a search have the same flags.
  std::vector<std::pair<std::string, std::string>> shown;
  RunSettings settings;  // for the number of epochs that candidate() was asked for
};

/// The trainings of one round of a search.
struct Rung {
  int epochs = 0;
  std::size_t trials = 0;
  bool operator==(const Rung&) const = default;
};

/// One training of a search.
struct Trial {
  enum class State {
    unfinished,  // killed, stopped, or out of time: a later call goes on with it
    finished,
    diverged,
  };
  std::size_t candidate = 0;
  std::size_t rung = 0;
  int epochs = 0;
  State state = State::unfinished;
  double seconds = 0;   // that it took, over all calls
  double accuracy = 0;  // percent of the validation pictures, after the last epoch
  double macro_f1 = 0;  // of the same
  /// Percent of the test pictures, which play no part in the search; nothing if there are none.
  std::optional<double> test_accuracy = {};
};

/// The most candidates of a search.
inline constexpr std::size_t most_candidates = 256;

struct TuneOptions {
  double budget_seconds = 7200;  // for all calls together
  std::size_t candidates = 0;    // at least 2; 0: as many as the budget allows
  BestBy by = BestBy::accuracy;
  std::filesystem::path out = "bart-tune";
  std::string recipe = "tuned";
  int epochs = 25;                  // of the trainings of the last round
  RunSettings given = {};           // settings that are not tried but kept as they are: those with the
  std::set<std::string> kept = {};  // flags in `kept`
};

/// What a search has tried so far.
struct TuneResult {
  std::filesystem::path folder;  // of the pictures, absolute
  TuneOptions options;
  std::vector<Rung> rungs;            // the plan; empty before the first training is measured
  std::vector<Candidate> candidates;  // as far as they are planned, with the settings of the last round
  std::vector<Trial> trials;          // in the order in which they ran
  double seconds = 0;                 // spent, over all calls
  bool out_of_time = false;
  bool interrupted = false;  // by the observer
  bool complete = false;     // everything that was planned is done

  /// The trial with the best figure among those with the most epochs that are finished; nothing if none is.
  std::optional<std::size_t> best() const;
  /// The last trial of each candidate, those with more epochs first, then those with the better figure.
  std::vector<std::size_t> ranking() const;
  double figure(const Trial& trial) const {
    return options.by == BestBy::accuracy ? trial.accuracy : trial.macro_f1;
  }
  std::filesystem::path trial_folder(const Trial& trial) const;
};

/// Functions that a search calls while it runs, on the calling thread. Empty ones are skipped.
struct TuneObserver {
  /// Before a training, with those that are done.
  std::function<void(const TuneResult&, const Trial&)> begins = {};
  std::function<void(const std::string& name)> gpu = {};  // a GPU computes, not the processor; called once
  OnProgress reading = {};                                // pictures
  std::function<void()> started = {};                     // before the first step of a training
  OnProgress training = {};                               // pictures of all its epochs
  /// After each step and before a training: false stops the search, which can go on later.
  std::function<bool()> goes_on = {};
  std::function<void(const TuneResult&, const Trial&)> ended = {};
  /// Of the first training of this call, as in RunObserver; the data are the same for all.
  std::function<void(const Listing&)> listed = {};
  std::function<void(const LoadedPictures&, const RunSettings&)> read = {};
  /// A sentence. Those about the data and the batches come from the first training of this call, those about
  /// its course are in the record of each.
  std::function<void(const std::string&)> warning = {};
};

/// Looks for better settings by successive halving (Jamieson & Talwalkar, Non-stochastic Best Arm
/// Identification and Hyperparameter Optimization, AISTATS 2016): all candidates are trained for an eighth of
/// the epochs, the better half of them for a quarter, and so on; the last ones for all epochs. Each training
/// is a whole one, with a schedule for its own number of epochs, by train(). They are compared on validation
/// pictures, a fifth of those that are not for testing if the settings name no others. The first training,
/// the recipe's own, is measured, and the plan follows from the budget. When the budget is spent, the
/// training that runs is stopped.
///
/// After each training options.out/tune.json is replaced. A search that was killed or stopped goes on when it
/// is called again with the same options (the budget may grow): its trainings give the same figures as
/// without the interruption. Of the trainings in options.out/trials/ only the best one keeps its model; of
/// the others the record stays.
///
/// Throws SettingError for impossible settings, and Error for everything else that goes wrong, also when
/// options.out holds another search. A training that diverges is a finding.
TuneResult tune(const std::filesystem::path& folder, const TuneOptions& options,
                const TuneObserver& observer = {});

}  // namespace bart
