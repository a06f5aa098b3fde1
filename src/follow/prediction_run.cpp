#include "prediction_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "bart/dataset/content.h"
#include "bart/dataset/folder_watch.h"
#include "bart/model/video_frames.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "stop_signals.h"
#include "terminal.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// A batch of frames ends when its encoded pictures have more bytes than this.
constexpr std::size_t frames_bytes = std::size_t{64} << 20;

/// How long a watch waits before it looks whether a signal came and whether the folder is still there.
constexpr int wait_milliseconds = 200;

/// Throws UsageError for a model with a class that has the name of a picture of which the model is not sure.
void check_unsure(const Model& model, double min_probability) {
  if (min_probability <= 0 || std::ranges::find(model.classes(), unsure_name) == model.classes().end())
    return;
  throw UsageError(
      fmt::format("the model has a class called {0}, and --min-probability calls pictures {0} of which the "
                  "model is not sure: leave it out, or give the class another name and train again",
                  unsure_name));
}

}  // namespace

PredictionRun::PredictionRun(const Model& model, ModelAgreement& others, const PredictionAsked& asked,
                             Log& log, Progress& progress)
    : model_(model),
      others_(others),
      asked_(asked),
      log_(log),
      progress_(progress),
      sorter_(asked.sort_into, asked.link),
      output_(asked.out, asked.named_out, asked.format),
      writer_(
          asked.format, asked.top_k.has_value(), [this](std::string_view piece) { output_.add(piece); },
          others.names(), std::max<std::size_t>(terminal_columns(STDOUT_FILENO), 40)) {
  check_unsure(model, asked.min_probability);
}

void PredictionRun::classify(std::span<const PictureFile> files, bool only, Group* group) {
  only_ = only;
  const PredictFilesOptions options{.apply_exif_orientation = asked_.apply_exif_orientation,
                                    .some_of_more = files.size() > 1,
                                    .group = group};
  const std::size_t most =
      pictures_in_memory * static_cast<std::size_t>(group != nullptr ? group->size() : 1);
  for (std::size_t start = 0; start < files.size() && goes_on_(); start += most) {
    const auto batch = files.subspan(start, std::min(most, files.size() - start));
    try {
      others_.predict(batch, options);
      std::size_t place = 0;
      predict_files(model_, batch, options,
                    [&](const FilePrediction& prediction) { take(prediction, place++); });
    } catch (const Error&) {
      if (watching_) write_rows();  // of the pictures before the one that failed
      throw;
    }
    write_rows();
    if (files.size() > 1) progress_.show("Predicting", start + batch.size(), files.size());
  }
}

void PredictionRun::write_rows() {
  progress_.above([&] { output_.write_out(); });
}

void PredictionRun::take(const FilePrediction& prediction, std::size_t place) {
  const PictureFile& file = prediction.file;
  if (prediction.probabilities.empty()) {
    const bool is_named = file.bytes.empty() && standard_input_name(file.path).empty();
    skip(is_named ? file.path.string() : file.name, prediction.reason);
    return;
  }
  JointPrediction joint;
  try {
    joint = others_.joint(place, prediction.probabilities);
  } catch (const Error& error) {
    skip(file.path.string(), error.what());
    return;
  }
  const auto classes =
      sure_ones(ranking(joint.mean, model_.classes(), static_cast<std::size_t>(asked_.top_k.value_or(1))),
                asked_.min_probability);
  writer_.add(file.name, classes, joint.by_model);
  if (!asked_.sort_into.empty()) sort(file, classes.front().name);
  if (prediction.clipped_gray && ++clipped_ == 1) first_clipped_ = file.name;
  last_ = classes.front();
  last_file_ = file.name;
  ++predicted_;
}

void PredictionRun::sort(const PictureFile& file, const std::string& class_name) {
  try {
    sorter_.add(file, class_name);
    ++sorted_;
  } catch (const Error& error) {
    // What arrives may be taken away again at any time.
    if (!watching_ || fs::exists(fs::symlink_status(file.path))) throw;
    log_.warning(fmt::format("Not sorted: {}", error.what()));
  }
}

void PredictionRun::skip(const std::string& name, const std::string& reason) {
  const std::string sentence = fmt::format("{}: {}", name, reason);
  if (asked_.strict || only_) throw Error(sentence);
  log_.warning(fmt::format("Skipped {}", sentence));
  ++skipped_;
}

void PredictionRun::classify_frames(const PictureFile& video, double every, bool only) {
  std::vector<PictureFile> frames;
  std::size_t bytes = 0;
  bool any = false;
  std::string reason;  // why the video cannot be read to its end
  std::optional<VideoFrames> reader;
  const auto next = [&]() -> std::optional<VideoFrame> {
    try {
      if (!reader) reader.emplace(video.path, every);
      return reader->next();
    } catch (const Error& error) {
      reason = error.what();
      return std::nullopt;
    }
  };
  const auto classify_batch = [&] {
    classify(frames, only);
    frames.clear();
    bytes = 0;
  };
  while (std::optional<VideoFrame> frame = next()) {
    any = true;
    bytes += frame->png.size();
    frames.push_back({video.path, frame_name(video.name, frame->seconds), false, std::move(frame->png)});
    if (frames.size() == pictures_in_memory || bytes > frames_bytes) classify_batch();
  }
  classify_batch();
  if (!any && reason.empty()) reason = "this video has no frame";
  only_ = only;
  if (!reason.empty()) skip(video.path.string(), reason);
}

void PredictionRun::watch(const fs::path& folder, bool recursive) {
  const StopSignals signals;
  watching_ = true;
  goes_on_ = [&] { return signals.received() == 0; };
  // Without `recursive` no sorted picture is seen, and the folder to sort into may be the watched one.
  std::vector<fs::path> left_out;
  if (recursive) left_out.push_back(asked_.sort_into);
  if (asked_.out != "-") left_out.push_back(asked_.out);
  FolderWatch watch(folder, recursive, left_out, [&](const std::string& sentence) {
    progress_.clear();
    log_.warning(sentence);
  });
  bool first = true;
  while (goes_on_()) {
    std::vector<PictureFile> files;
    for (const std::string& name : watch.wait(first ? 0 : wait_milliseconds))
      files.push_back({folder / name, name});
    classify(files);
    progress_.clear();
    if (!first) continue;
    log_.info(fmt::format("Watching {}: Ctrl-C ends it", folder.string()));
    first = false;
  }
  goes_on_ = [] { return true; };
  progress_.clear();
  log_.info(fmt::format("Stopped by {}", signals.name()));
}

void PredictionRun::finish() {
  progress_.clear();
  const std::size_t files = predicted_ + skipped_;
  writer_.finish(others_.none() ? "null" : others_.json());
  const std::string earlier = output_.finish();
  if (clipped_ > 0) log_.warning(clipped_gray_sentence(clipped_, first_clipped_));
  if (skipped_ > 0) {
    log_.warning(fmt::format("Skipped {} of {} files that could not be read as pictures", skipped_, files));
  }
  if (!others_.none() && predicted_ > 0) {
    for (const std::string& sentence : others_.sentences()) log_.info(sentence);
  }
  if (!asked_.sort_into.empty()) {
    log_.info(fmt::format("Sorted {} into {} of {}", counted(sorted_, "image", "images"),
                          counted(sorter_.counts().size(), "folder", "folders"), asked_.sort_into.string()));
  }
  if (asked_.out == "-") return;
  if (predicted_ == 0) {
    log_.info(fmt::format("No picture was classified: {} was not written", asked_.out.string()));
    return;
  }
  if (predicted_ == 1)
    log_.info(fmt::format("{}: {} ({:.1f}%)", last_file_, last_.name, 100 * last_.probability));
  log_.info(fmt::format("Saved predictions for {} to {}", counted(predicted_, "image", "images"),
                        asked_.out.string()));
  if (!earlier.empty()) log_.info(earlier);
}

}  // namespace bart
