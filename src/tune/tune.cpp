#include "bart/tune/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <system_error>
#include <utility>

#include "bart/checkpoint/checkpoint_folder.h"
#include "bart/cuda/choose_device.h"
#include "bart/dataset/listing.h"
#include "bart/model/find_model.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/folder_lock.h"
#include "bart/platform/make_folders.h"
#include "bart/platform/timing.h"
#include "bart/run/settle.h"
#include "bart/run/split_pictures.h"
#include "candidate.h"
#include "halving.h"
#include "trial_folder.h"
#include "tune_file.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// The share of the budget that the plan takes: trainings differ in speed, and reading takes time, too.
constexpr double planned_share = 0.9;
constexpr double validation_share = 0.2;

constexpr const char* trials_name = "trials";  // the folder of the trainings

class Search {
 public:
  Search(const fs::path& folder, const TuneOptions& options, const TuneObserver& observer)
      : observer_(observer), file_(options.out / "tune.json") {
    if (folder.empty()) throw Error("a search needs a folder of pictures");
    result_.folder = fs::absolute(folder);
    result_.options = options;
    // The search may go on in another current folder.
    RunSettings& given = result_.options.given;
    for (std::string* path : {&given.test_folder, &given.validation_folder, &given.init})
      if (!path->empty()) *path = fs::absolute(*path).string();
  }

  TuneResult run() {
    check_options();
    make_folders(result_.options.out);
    const FolderLock lock(result_.options.out);
    if (!lock.warning().empty() && observer_.warning) observer_.warning(lock.warning());
    take_up();
    // A call that was killed may have left models that the best training does not need.
    keep_the_best_only();
    if (result_.rungs.empty()) measure_and_plan();
    for (std::size_t r = 0; r < result_.rungs.size() && goes_on(); ++r) run_rung(r);
    result_.complete = goes_on();
    save();
    return std::move(result_);
  }

 private:
  bool goes_on() const { return !result_.interrupted && !result_.out_of_time; }

  void ask_whether_to_go_on() {
    if (observer_.goes_on && !observer_.goes_on()) result_.interrupted = true;
  }

  void check_options() {
    const TuneOptions& options = result_.options;
    if (options.epochs < 1)
      throw SettingError(fmt::format("{{epochs}} must be at least 1, not {}", options.epochs));
    if (!(options.budget_seconds > 0)) throw Error("a search needs a time above 0");
    if (options.candidates == 1 || options.candidates > most_candidates) {
      throw Error(
          fmt::format("a search needs 2 to {} candidates, not {}", most_candidates, options.candidates));
    }
    const SettledSettings settled = settle(settings_of({}, options.epochs));
    const std::vector<fs::path> folders = data_folders(result_.folder, settled.values);
    check_out(options.out, folders);
    check_cache(settled.values.cache, folders);
    // What every training would refuse, before there is a folder for it.
    if (fs::exists(options.out)) return;
    look_for_validation_pictures();
    if (!settled.values.init.empty()) read_model_without_labels(find_model(settled.values.init));
  }

  /// Goes on where an earlier call ended.
  void take_up() {
    const TuneOptions& options = result_.options;
    if (options.candidates > 0) result_.rungs = halving(options.candidates, epochs_of_rungs(options.epochs));
    if (!fs::exists(file_)) {
      check_no_trials();
    } else {
      try {
        decode_tune(read_file(file_), result_);
      } catch (const Error& error) {
        throw Error(fmt::format("{} {}: name another folder for the results", file_.string(), error.what()));
      }
    }
    name_candidates();
  }

  /// Trainings of a search that is not described would be taken for this one's.
  void check_no_trials() const {
    const fs::path trials = result_.options.out / trials_name;
    std::error_code none;
    if (!fs::exists(trials, none) || fs::is_empty(trials, none)) return;
    throw Error(
        fmt::format("{} is not empty, and there is no {} that says of which search: name another folder for "
                    "the results",
                    trials.string(), file_.string()));
  }

  void name_candidates() {
    const std::size_t count = result_.rungs.empty() ? 1 : result_.rungs[0].trials;
    const int epochs = result_.rungs.empty() ? result_.options.epochs : result_.rungs.back().epochs;
    result_.candidates.clear();
    for (std::size_t n = 0; n < count; ++n)
      result_.candidates.push_back(candidate(result_.options, n, epochs));
  }

  void measure_and_plan() {
    const TuneOptions& options = result_.options;
    const std::vector<int> epochs = epochs_of_rungs(options.epochs);
    if (result_.trials.empty() || result_.trials[0].state == Trial::State::unfinished) {
      run_trial({.candidate = 0, .rung = 0, .epochs = epochs[0]});
    }
    if (!goes_on()) return;
    const double measured = result_.trials[0].seconds / epochs[0];
    std::vector<double> sums = {0};
    for (std::size_t n = 0; n < most_candidates; ++n) sums.push_back(sums.back() + relative_cost(options, n));
    const auto cost = [&](std::size_t n) { return sums[n] / static_cast<double>(n); };
    result_.rungs = halving_within(planned_share * options.budget_seconds, measured, epochs, cost);
    if (result_.rungs.empty()) {
      throw Error(fmt::format(
          "the time of {:.0f} s is too short to compare two trainings: one of {} takes {:.0f} s",
          options.budget_seconds, counted(static_cast<std::uint64_t>(epochs[0]), "epoch", "epochs"),
          result_.trials[0].seconds));
    }
    name_candidates();
    save();
  }

  /// The number of a training in result_.trials; that of the next one if it has not begun.
  std::size_t index_of(std::size_t candidate, std::size_t rung) const {
    const auto found = std::ranges::find_if(result_.trials, [&](const Trial& trial) {
      return trial.candidate == candidate && trial.rung == rung;
    });
    return static_cast<std::size_t>(found - result_.trials.begin());
  }

  const Trial* trial_of(std::size_t candidate, std::size_t rung) const {
    const std::size_t index = index_of(candidate, rung);
    return index == result_.trials.size() ? nullptr : &result_.trials[index];
  }

  /// Those that a round trains: all, or the better ones of the round before.
  std::vector<std::size_t> candidates_of(std::size_t rung) const {
    std::vector<std::size_t> candidates(result_.rungs[0].trials);
    std::iota(candidates.begin(), candidates.end(), std::size_t{0});
    if (rung == 0) return candidates;
    candidates = candidates_of(rung - 1);
    std::erase_if(candidates,
                  [&](std::size_t c) { return trial_of(c, rung - 1)->state != Trial::State::finished; });
    std::ranges::stable_sort(candidates, std::greater<>(),
                             [&](std::size_t c) { return result_.figure(*trial_of(c, rung - 1)); });
    candidates.resize(std::min(candidates.size(), result_.rungs[rung].trials));
    return candidates;
  }

  void run_rung(std::size_t rung) {
    for (const std::size_t c : candidates_of(rung)) {
      const Trial* before = trial_of(c, rung);
      if (before != nullptr && before->state != Trial::State::unfinished) continue;
      if (before == nullptr && result_.seconds >= result_.options.budget_seconds) result_.out_of_time = true;
      // A wish to stop may have come when the training before had done its last step.
      ask_whether_to_go_on();
      if (!goes_on()) return;
      run_trial({.candidate = c, .rung = rung, .epochs = result_.rungs[rung].epochs});
    }
  }

  RunSettings settings_of(const Trial& trial, int epochs) const {
    RunSettings settings = candidate(result_.options, trial.candidate, epochs).settings;
    settings.out = result_.trial_folder(trial).string();
    settings.no_report = true;
    if (settings.validation_size == 0 && settings.validation_folder.empty() && !has_validation_pictures_)
      settings.validation_size = validation_share;
    if (settings.cache.empty()) settings.cache = (result_.options.out / "cache").string();
    return settings;
  }

  void run_trial(const Trial& trial) {
    const std::size_t index = index_of(trial.candidate, trial.rung);
    if (index == result_.trials.size()) result_.trials.push_back(trial);
    save();  // before the training has a folder, see check_no_trials()
    if (observer_.begins) observer_.begins(result_, result_.trials[index]);
    try {
      take_figures(index, train_or_resume(index));
    } catch (const DivergedError&) {
      result_.trials[index].state = Trial::State::diverged;
    }
    save();
    keep_the_best_only();
    if (observer_.ended) observer_.ended(result_, result_.trials[index]);
  }

  /// A data set with validation and test pictures of its own needs no share for validation. Throws
  /// SettingError as every training would for settings that do not go with its parts.
  void look_for_validation_pictures() {
    if (std::exchange(looked_, true)) return;
    const auto settings = [&] { return settings_of({}, result_.options.epochs); };
    const Listing listing = list_run_pictures(result_.folder, settings());
    const auto has = [&](Part part) {
      return std::ranges::find(listing.pictures, part, &ListedPicture::part) != listing.pictures.end();
    };
    has_validation_pictures_ = has(Part::validation) && (has(Part::test) || listing.validation_added);
    check_split(listing, settings(), result_.options.kept);
  }

  RunResult train_or_resume(std::size_t index) {
    const Trial& trial = result_.trials[index];
    look_for_validation_pictures();
    const RunSettings settings = settings_of(trial, trial.epochs);
    const RunFolder run(settings.out);
    const auto began = std::chrono::steady_clock::now();
    const double trial_before = trial.seconds, all_before = result_.seconds;
    const auto count_time = [&] {
      const double passed = seconds_since(began);
      result_.trials[index].seconds = trial_before + passed;
      result_.seconds = all_before + passed;
    };
    RunObserver observer;
    observer.reading = observer_.reading;
    observer.gpu = [&](const std::string& name) {
      if (observer_.gpu && !std::exchange(told_gpu_, true)) observer_.gpu(name);
    };
    if (!told_data_) {
      observer.listed = observer_.listed;
      observer.read = observer_.read;
    }
    observer.warning = [&](const std::string& sentence) {  // the others are in the record of each training
      const bool of_device = sentence.starts_with(processor_instead(""));
      if (!observer_.warning || (of_device ? std::exchange(told_processor_, true) : told_data_)) return;
      observer_.warning(sentence);
    };
    observer.start = [&](const RunStart&) {
      told_data_ = true;
      if (observer_.started) observer_.started();
    };
    const auto may_go_on = [&] {
      count_time();
      if (result_.seconds >= result_.options.budget_seconds) result_.out_of_time = true;
      ask_whether_to_go_on();
      return goes_on();
    };
    observer.step = [&](const StepRecord& step, std::size_t done, std::size_t total) {
      if (observer_.training) {
        const auto epochs = static_cast<std::size_t>(trial.epochs);
        observer_.training(static_cast<std::size_t>(step.epoch - 1) * total + done, epochs * total);
      }
      return may_go_on();
    };
    observer.validating = [&](std::size_t, std::size_t) { return may_go_on(); };
    observer.epoch = [&](const EpochRecord& epoch) {
      const bool last = epoch.epoch == trial.epochs;
      const bool on = may_go_on();
      save();
      if (last) result_.out_of_time = false;  // the training is done in time
      return on || last;
    };
    const auto go = [&] {
      if (has_checkpoint(run.record()))
        return resume(settings.out, {.folder = result_.folder, .change = {}, .command = {}}, observer);
      fs::remove_all(settings.out);  // of a training that was killed before its first checkpoint
      return train(result_.folder, settings, observer);
    };
    try {
      RunResult done = go();
      count_time();
      return done;
    } catch (...) {
      count_time();
      throw;
    }
  }

  void take_figures(std::size_t index, const RunResult& run) {
    Trial& trial = result_.trials[index];
    if (run.record.unfinished() || run.record.epochs.empty()) return;
    const EpochRecord& last = run.record.epochs.back();
    trial.state = Trial::State::finished;
    trial.accuracy = last.validation_accuracy;
    trial.macro_f1 = last.validation_macro_f1;
    if (!run.record.tests.empty()) trial.test_accuracy = run.record.tests.front().accuracy_percent;
  }

  void keep_the_best_only() const {
    const auto best = result_.best();
    for (std::size_t i = 0; i < result_.trials.size(); ++i) {
      const Trial& trial = result_.trials[i];
      if (trial.state == Trial::State::unfinished || i == best) continue;
      keep_record_only(result_.trial_folder(trial));
    }
  }

  void save() const { write_file(file_, encode_tune(result_)); }

  const TuneObserver& observer_;
  bool told_gpu_ = false, told_processor_ = false, told_data_ = false;
  bool looked_ = false, has_validation_pictures_ = false;  // look_for_validation_pictures()
  fs::path file_;
  TuneResult result_;
};

}  // namespace

fs::path TuneResult::trial_folder(const Trial& trial) const {
  return options.out / trials_name / fmt::format("{:03}-epochs-{}", trial.candidate, trial.epochs);
}

std::vector<std::size_t> TuneResult::ranking() const {
  std::vector<std::size_t> last;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const bool later = std::ranges::any_of(trials, [&](const Trial& other) {
      return other.candidate == trials[i].candidate && other.rung > trials[i].rung &&
             other.state != Trial::State::unfinished;
    });
    const bool begun = trials[i].state == Trial::State::unfinished && trials[i].rung > 0;
    if (!later && !begun) last.push_back(i);
  }
  std::ranges::stable_sort(last, [&](std::size_t a, std::size_t b) {
    const Trial &one = trials[a], &other = trials[b];
    const bool done = one.state == Trial::State::finished, other_done = other.state == Trial::State::finished;
    if (done != other_done) return done;
    if (one.rung != other.rung) return one.rung > other.rung;
    return done && figure(one) > figure(other);
  });
  return last;
}

std::optional<std::size_t> TuneResult::best() const {
  const std::vector<std::size_t> ranked = ranking();
  if (ranked.empty() || trials[ranked[0]].state != Trial::State::finished) return std::nullopt;
  return ranked[0];
}

TuneResult tune(const fs::path& folder, const TuneOptions& options, const TuneObserver& observer) {
  return Search(folder, options, observer).run();
}

}  // namespace bart
