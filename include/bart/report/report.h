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

/// A picture that the report of a training shows, and the classes to explain.
struct ReportPicture {
  std::size_t place;                  // of the picture among the predictions
  std::vector<std::int32_t> classes;  // the predicted one first
};

/// The pictures that the report shows, each once: the mistakes with the largest loss, explained for the
/// predicted and the true class; the least certain correct predictions, explained for the two most probable
/// classes; and the other mistakes, which are not explained.
struct ReportPictures {
  std::vector<ReportPicture> worst;
  std::vector<ReportPicture> uncertain;
  std::vector<ReportPicture> other_mistakes;

  /// The first two lists in one, in the order in which the report takes the explanations.
  std::vector<ReportPicture> all() const;
};

/// At most 12 pictures of the first two kinds, and at most 5,000 other mistakes.
ReportPictures report_pictures(const Predictions& predictions);

/// The report of a training as one self-contained HTML page: the data and settings, the curves, and the
/// predictions for the test pictures, with the worst mistakes, the least certain predictions and Grad-CAM of
/// both. The page works without its script and without a connection to the internet.
///
/// `test` are the indices of the test pictures among `pictures`, and `predictions` those of the model for
/// them, with the classes of run.record.classes. `explanations` are those of
/// report_pictures(predictions).all(). Thumbnails are read from run.record.data_folder; if a file is gone,
/// its thumbnail shows the resized picture. Throws Error when the arguments do not fit together.
std::string training_report(const RecordedRun& run, const LoadedPictures& pictures,
                            std::span<const std::uint32_t> test, const Predictions& predictions,
                            std::span<const Explanation> explanations, int threads);

/// The report of a training that is running, or that ended without a test, from figures that are at hand: the
/// curves, and from the predictions of the last validation the confusion matrix and the figures of each
/// class. It says what is not there yet. While the status is "running", it loads itself again every ten
/// seconds. `validated` may be nullptr.
std::string progress_report(const RecordedRun& run, const Predictions* validated);

}  // namespace bart
