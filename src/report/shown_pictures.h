#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bart/report/report.h"

namespace bart {

/// A class that is explained for a picture: its probability, and Grad-CAM over the picture.
struct ShownClass {
  std::int32_t label = 0;
  double probability = 0;
  std::string overlay;  // a JPEG as a data: address; empty if there is no explanation
};

/// A test picture as the report shows it.
struct ShownPicture {
  std::string file;
  std::int32_t truth = 0;
  std::vector<ShownClass> classes;  // the predicted one first
  int width = 0, height = 0;
  std::string thumbnail;  // a JPEG as a data: address
};

/// Reads and draws `chosen`, whose explanations are in the same order; without explanations they have no
/// overlays and are the smaller the more there are, and the last ones are left out where all of them would
/// make the page too large. The other arguments are those of training_report.
std::vector<ShownPicture> shown_pictures(const RecordedRun& run, const LoadedPictures& pictures,
                                         std::span<const std::uint32_t> test, const Predictions& predictions,
                                         std::span<const ReportPicture> chosen,
                                         std::span<const Explanation> explanations, int threads);

}  // namespace bart
