#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/explain/grad_cam.h"
#include "bart/record/run_record.h"
#include "bart/training/predictions.h"

namespace bart {

/// A picture that the page of a training shows, and the classes to explain it for.
struct ReportPicture {
  std::size_t place;                  // of the picture among the predictions
  std::vector<std::int32_t> classes;  // the predicted one first
};

/// The pictures that the page shows: the mistakes with the largest loss, explained for the predicted and the
/// true class, and the least certain answers, explained for the two likeliest classes.
struct ReportPictures {
  std::vector<ReportPicture> worst;
  std::vector<ReportPicture> uncertain;

  /// Both after each other, the order in which the page wants their explanations.
  std::vector<ReportPicture> all() const;
};

/// At most 12 pictures of each kind.
ReportPictures report_pictures(const Predictions& predictions);

/// A training as one self-contained HTML page: what was trained on what, its curves, and what its model
/// answers for the test pictures, with the worst mistakes, the least certain answers and Grad-CAM of both.
/// The page works without its script and without a connection to the internet.
///
/// `test` are the indices of the test pictures among `pictures`, `predictions` the model's answers for them,
/// labels and classes as in run.record.classes. `explanations` are those of
/// report_pictures(predictions).all(). Thumbnails are read from run.record.data_folder; where a file is gone,
/// they show the resized picture. Throws Error when the arguments do not fit each other.
std::string training_report(const RecordedRun& run, const LoadedPictures& pictures,
                            std::span<const std::uint32_t> test, const Predictions& predictions,
                            std::span<const Explanation> explanations, int threads);

}  // namespace bart
