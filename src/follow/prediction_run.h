#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "bart/model/model_agreement.h"
#include "bart/model/sort_pictures.h"
#include "log.h"
#include "prediction_output.h"
#include "progress.h"

namespace bart {

/// What `bart predict` is asked for, beside the pictures.
struct PredictionAsked {
  std::filesystem::path out;
  bool named_out = false;  // by the user
  PredictionFormat format = PredictionFormat::text;
  std::optional<int> top_k;
  double min_probability = 0;
  std::filesystem::path sort_into;  // empty: nowhere
  bool link = false;
  bool strict = false;  // a file that cannot be read is an error
  bool apply_exif_orientation = true;
};

/// Classifies picture files, frames of videos and what arrives in a folder, and writes a row for each.
class PredictionRun {
 public:
  PredictionRun(const Model& model, ModelAgreement& others, const PredictionAsked& asked, Log& log,
                Progress& progress);

  /// Files that cannot be read are skipped with a warning, or throw Error with `strict` or `only`. The
  /// processes of a group all make the call, and process 0 alone writes rows.
  void classify(std::span<const PictureFile> files, bool only = false, Group* group = nullptr);
  /// The frames of a video, all or one per `every` seconds.
  void classify_frames(const PictureFile& video, double every, bool only);
  /// What is in the folder and then what arrives, until a signal asks to stop. Throws Error when the folder
  /// is removed.
  void watch(const std::filesystem::path& folder, bool recursive);
  /// Completes the output and says what was done.
  void finish();

  std::size_t predicted() const { return predicted_; }

 private:
  void take(const FilePrediction& prediction, std::size_t place);
  void sort(const PictureFile& file, const std::string& class_name);
  void write_rows();
  void skip(const std::string& name, const std::string& reason);

  const Model& model_;
  ModelAgreement& others_;
  const PredictionAsked asked_;
  Log& log_;
  Progress& progress_;
  PictureSorter sorter_;
  PredictionOutput output_;
  PredictionWriter writer_;
  bool only_ = false;
  bool watching_ = false;
  std::function<bool()> goes_on_ = [] { return true; };
  std::size_t predicted_ = 0, skipped_ = 0, sorted_ = 0, clipped_ = 0;
  std::string first_clipped_, last_file_;
  ClassProbability last_;
};

}  // namespace bart
