#include "make_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "bart/model/model_file.h"
#include "bart/model/origin.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/own_text.h"
#include "bart/record/test_pictures.h"
#include "bart/report/model_card.h"
#include "bart/report/report.h"
#include "bart/run/run.h"
#include "written_files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// The test pictures of a training, with the labels of the model's classes.
LoadedPictures test_pictures_of(const RecordedRun& run, int threads, const OnProgress& progress) {
  const RunRecord& record = run.record;
  const Listing listing = recorded_test_pictures(run.folder, record.data_folder);
  LoadedPictures pictures = load_pictures(listing,
                                          {.image_size = record.settings.image_size,
                                           .threads = threads,
                                           .apply_exif_orientation = !record.settings.ignore_exif,
                                           .strict = true},
                                          progress);
  check_unchanged(run.folder, record.data_folder, pictures);
  for (std::int32_t& label : pictures.labels) {
    const std::string& name = listing.classes[static_cast<std::size_t>(label)];
    const auto found = std::ranges::find(record.classes, name);
    if (found == record.classes.end()) {
      throw Error(fmt::format("{} names a picture of {}, which is not a class of the training",
                              run.folder.test_pictures_csv().string(), name));
    }
    label = static_cast<std::int32_t>(found - record.classes.begin());
  }
  return pictures;
}

/// Of a training that writes its model just now, or that was killed before it could name the model in its
/// record, as earlier versions named it only afterwards. Nothing tells these from a model of others.
Error newer_than_record(const RecordedRun& run) {
  return Error(fmt::format(
      "{} does not name {}: the training saves it just now, or, of an earlier version of BART, was killed "
      "while it saved the model, or something else wrote it; wait, or continue the training "
      "(bart train --resume --out {}), which writes both again",
      run.folder.run_json().string(), run.folder.model().string(), run.folder.results().string()));
}

}  // namespace

std::string write_report(const RecordedRun& run, const Model& model, const LoadedPictures& pictures,
                         std::span<const std::uint32_t> test, const Predictions& predictions) {
  const std::vector<ReportPicture> shown = report_pictures(predictions).all();
  std::vector<std::uint32_t> indices;
  for (const ReportPicture& picture : shown) indices.push_back(test[picture.place]);
  const std::vector<Explanation> explanations =
      model.explain(picture_source(pictures, indices),
                    [&](std::size_t i, std::span<const float>) { return shown[i].classes; });
  write_file(run.folder.report(),
             training_report(run, pictures, test, predictions, explanations, model.threads()));
  std::string kept = keep_text_of_others(run.folder.model_card());
  write_file(run.folder.model_card(), with_fingerprint(model_card(run.record, evaluate(predictions))));
  return kept;
}

MadeReport make_report(const std::filesystem::path& path, int threads, const OnProgress& reading,
                       const OnProgress& reporting) {
  const RecordedRun run = read_run(path);
  check_report_writable(run.folder);
  if (run.record.unfinished() && run.record.models.empty()) {
    // As long as the model is an earlier training's, that one's record is in before/.
    if (fs::exists(run.folder.model()) && !fs::exists(run.folder.before())) throw newer_than_record(run);
    throw Error(fmt::format(
        "the training in {} has no model yet: it has one after its first epoch (its status is {})",
        run.folder.record().string(), run.record.status));
  }
  if (run.record.test_pictures == 0) {
    throw Error(
        fmt::format("the training in {} kept no test pictures, and the report is made of them{}",
                    run.folder.results().string(),
                    fs::exists(run.folder.report())
                        ? fmt::format(": {} stays as the training wrote it", run.folder.report().string())
                        : ""));
  }
  const Model model = Model::load(run.folder.model(), {.labels = run.folder.labels(), .threads = threads});
  if (model.classes() != run.record.classes) {
    throw Error(fmt::format("{} is not the model of the training in {}: it has other classes",
                            run.folder.model().string(), run.folder.run_json().string()));
  }
  if (const auto bytes = read_model_bytes(run.folder.model()); !Origin(bytes).is(run.record).value_or(true)) {
    if (run.record.status == "running") throw newer_than_record(run);
    throw Error(fmt::format("{} is not the model of the training in {}: something else wrote it",
                            run.folder.model().string(), run.folder.run_json().string()));
  }
  const LoadedPictures pictures = test_pictures_of(run, model.threads(), reading);
  std::vector<std::uint32_t> all(pictures.size());
  std::iota(all.begin(), all.end(), 0u);
  const auto batch_size = static_cast<std::size_t>(run.record.settings.batch_size);
  std::string kept = write_report(run, model, pictures, all,
                                  predictions_of(model.network(), pictures, all, batch_size, reporting));
  return {run.folder.report(), run.folder.model_card(), std::move(kept)};
}

}  // namespace bart
