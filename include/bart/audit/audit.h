#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "bart/audit/label_issues.h"
#include "bart/dataset/listing.h"
#include "bart/inspect/inspect.h"
#include "bart/model/find_model.h"
#include "bart/platform/progress.h"
#include "bart/record/run_settings.h"

namespace bart {

struct AuditOptions {
  int folds = 5;  // of the cross-validation, at least 2
  IssueRanking ranking = IssueRanking::self_confidence;
  std::filesystem::path model = {};          // a trained model to take the probabilities from; empty: none
  std::filesystem::path labels = {};         // of the model; empty: in it or beside it
  std::filesystem::path probabilities = {};  // a file of probabilities_csv() to take them from; empty: none
  /// A folder for the outputs of the finished trainings of a cross-validation, so that an audit of the same
  /// pictures with the same settings that was stopped continues with the next one. The folder is created;
  /// remove_kept_folds() when the audit is saved. Empty: nothing is kept.
  std::filesystem::path kept = {};
};

/// A picture whose label is probably wrong.
struct LabelIssue {
  std::uint32_t picture = 0;      // index into Audit::inspection.pictures
  std::int32_t likely = 0;        // the most probable class, which is not the label
  double label_probability = 0;   // of the class that the picture has
  double likely_probability = 0;  // of the most probable class
  double score = 0;               // label_scores(): the lower, the more doubtful
};

/// What is doubtful about a data set.
struct Audit {
  Inspection inspection;                 // its pictures, and the groups of duplicates
  std::string how;                       // where the probabilities come from: "5-fold cross-validation, …"
  std::vector<std::uint32_t> judged;     // [n] indices into inspection.pictures: those with probabilities
  OutOfSample probabilities;             // of `judged`
  double accuracy = 0;                   // the share of `judged` whose label is the most probable class
  std::vector<LabelIssue> label_issues;  // the most doubtful first
  // Indices into inspection.pictures, the worst first.
  std::vector<std::uint32_t> blurred;  // sharpness below a tenth of the data set's median
  std::vector<std::uint32_t> dark;     // brightness below 0.32, as CleanVision draws the line
  std::vector<std::uint32_t> tiny;     // a side below half of the size that the network sees
};

/// Functions that an audit calls while it runs, on one thread at a time. Empty ones are skipped. `training`
/// and `fold` may throw to end the audit.
struct AuditObserver {
  std::function<void(const Listing&)> listed = {};
  std::function<void(const std::string& name)> gpu = {};  // a GPU will compute, not the processor
  OnProgress inspecting = {};                             // pictures
  OnProgress reading = {};                                // pictures
  OnProgress training = {};    // pictures that were trained on, over all epochs of all folds
  OnProgress predicting = {};  // pictures
  OnProgress fold = {};        // trainings of the cross-validation that have finished and been kept
  std::function<void(const std::string&)> warning = {};  // a sentence
};

/// Audits the data set at `folder`, which is only read. The probabilities come from the model or the file
/// that the options name, or else from a cross-validation: as many trainings with `settings` as there are
/// folds, each without the pictures of its fold, which it is then asked about. Near duplicates of one class
/// are in one fold where the class has enough others. Of a model only pictures count that it was not trained
/// on, recognized by their content. Throws SettingError for impossible settings, DivergedError when a
/// training diverges, and Error for everything else that goes wrong.
Audit audit_pictures(const std::filesystem::path& folder, const RunSettings& settings,
                     const AuditOptions& options, const AuditObserver& observer = {});

/// Removes what AuditOptions::kept holds, and the folder if nothing else is in it.
void remove_kept_folds(const std::filesystem::path& kept);

}  // namespace bart
