#include "bart/model/find_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "bart/checkpoint/checkpoint.h"
#include "bart/checkpoint/checkpoint_folder.h"
#include "bart/checkpoint/data_fingerprint.h"
#include "bart/model/origin.h"
#include "bart/platform/error.h"
#include "bart/record/run_record.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// False, too, in a folder that this user may not look into.
bool is_there(const fs::path& path) {
  std::error_code unknown;
  return fs::exists(path, unknown);
}

/// The folder of results that a model file lies in; for a checkpoint the one above its folder. A link that
/// lies where there is no record, and no labels but links like it, is of the folder that it leads to.
RunFolder run_of(const fs::path& file) {
  const fs::path folder = file.parent_path();
  if (is_there(folder / RunFolder::run_json_name)) {
    return find_run(folder.empty() ? fs::path(".") : folder);
  }
  const RunFolder run(folder);
  std::error_code none;
  if (!fs::is_symlink(file, none) || is_there(run.record())) return run;
  const fs::path target = fs::canonical(file, none);
  if (none) return run;
  const bool own_labels =
      is_there(run.labels()) && fs::canonical(run.labels(), none).parent_path() != target.parent_path();
  return own_labels ? run : run_of(target);
}

/// The folder of the training that wrote `model`, which lies in `run`. A new training that has no model yet
/// keeps the record of the one before, whose model is still in place, in bart-run/before/.
RunFolder with_record_of(const fs::path& model, const RunFolder& run) {
  if (!is_there(model) || (!is_there(run.before()) && !is_there(run.earlier()))) return run;
  try {
    const std::vector<std::uint8_t> bytes = read_model_bytes(model);
    Origin origin(bytes);
    if (origin.is(read_run_record(run)).value_or(true)) return run;
    const RunFolder before(run.results(), run.before());
    if (is_there(before.run_json()) && origin.is(read_run_record(before)).value_or(true)) return before;
    const RunFolder earlier(run.earlier(), run.earlier());
    if (is_there(earlier.run_json()) && origin.is(read_run_record(earlier)).value_or(false)) return earlier;
  } catch (const Error&) {  // what is wrong with a file is reported by whoever needs it
  }
  return run;
}

/// Whether the training keeps the model of its best epoch. If not, a model with that name was left by an
/// earlier one.
bool kept_best(const RunFolder& run) {
  try {
    return is_there(run.best_model()) && !read_run_record(run).settings.best.empty();
  } catch (const Error&) {  // without a record it is not known whose the file is
    return false;
  }
}

/// Decodes a file with `decode`, whose errors get the file's name as a prefix.
template <typename Decode>
auto decode_named(std::span<const std::uint8_t> bytes, const fs::path& file, Decode decode) {
  try {
    return decode(bytes);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", file.string(), error.what()));
  }
}

/// Whether the training wrote this model, according to its record; nothing where that does not tell.
std::optional<bool> wrote(const RunFolder& run, std::span<const std::uint8_t> model) {
  if (!is_there(run.run_json())) return std::nullopt;
  try {
    return Origin(model).is(read_run_record(run));
  } catch (const Error&) {
    return std::nullopt;
  }
}

ModelFile model_of(Checkpoint checkpoint, const RunFolder& run) {
  std::vector<std::string> classes = recorded_classes(run, checkpoint);
  const auto ignore_exif = checkpoint.settings.find("--ignore-exif");
  TrainingState& training = checkpoint.training;
  return {
      .format = ModelFormat::pth,
      .state = std::move(training.average.model.empty() ? training.model : training.average.model),
      .classes = std::move(classes),
      .apply_exif_orientation = ignore_exif == checkpoint.settings.end() || ignore_exif->second != "true"};
}

}  // namespace

std::vector<std::string> recorded_classes(const RunFolder& run, const Checkpoint& checkpoint) {
  try {
    if (!is_there(run.run_json())) return {};
    std::vector<std::string> classes = read_run_record(run).classes;
    if (fingerprint_of_classes(classes) == checkpoint.data.classes) return classes;
  } catch (const Error&) {  // the names may also lie in a file of labels
  }
  return {};
}

FoundModel find_model(const fs::path& path) {
  if (!fs::is_directory(path)) return {path, with_record_of(path, run_of(path))};
  RunFolder run(path);
  const bool holds_training = is_there(run.model()) || is_there(run.record());
  if (!holds_training || is_there(path / RunFolder::run_json_name)) run = find_run(path);
  const RunFolder of_model = with_record_of(run.model(), run);
  // A model of the training before that was put back is meant itself: the best one here is not of its
  // training. Nor is one that a training left behind which was killed just after its first model.
  if (of_model.results() == run.results() && kept_best(of_model)) {
    const RunFolder of_best = with_record_of(run.best_model(), run);
    if (!is_there(run.model()) || of_best.record() == of_model.record()) return {run.best_model(), of_best};
  }
  if (is_there(run.model())) return {run.model(), is_there(run.record()) ? of_model : run_of(run.model())};
  if (has_checkpoint(run.record())) return {newest_checkpoint(run.record()).path, run};
  if (is_there(run.run_json())) {
    throw Error(fmt::format(
        "the training in {} has no model and no checkpoint (its status is {}): train again, or name "
        "another model",
        path.string(), read_run_record(run).status));
  }
  throw Error(
      fmt::format("{} holds no model: name a model file, or the folder of a training", path.string()));
}

std::vector<fs::path> paths_of(const FoundModel& found, const fs::path& labels) {
  return {found.file, labels.empty() ? found.run.labels() : labels};
}

ModelFile read_model(const FoundModel& found, const fs::path& labels,
                     const std::function<void(const std::string&)>& warn) {
  return decode_model(found, read_model_bytes(found.file), labels, warn);
}

ModelFile decode_model(const FoundModel& found, std::span<const std::uint8_t> bytes, const fs::path& labels,
                       const std::function<void(const std::string&)>& warn) {
  const fs::path names = paths_of(found, labels).back();
  if (!is_checkpoint(bytes)) {
    ModelFile file = decode_named(bytes, found.file, decode_model_file);
    const bool names_beside = file.classes.empty() && labels.empty();
    file = with_labels(std::move(file), found.file, names, /*required=*/!labels.empty());
    if (warn && names_beside && !wrote(found.run, bytes).value_or(true)) {
      warn(fmt::format(
          "The class names are those of {}, which were not saved with {}: the training there did not "
          "write this model, so they may be wrong",
          names.string(), found.file.string()));
    }
    return file;
  }
  Checkpoint checkpoint = decode_named(bytes, found.file, decode_checkpoint);
  const std::uint64_t classes = checkpoint.data.classes;
  ModelFile model = model_of(std::move(checkpoint), found.run);
  // The record names its classes. Labels beside it are those of the model there, which may be an earlier one.
  if (labels.empty() && !model.classes.empty()) return model;
  if (labels.empty() && !is_there(names)) {
    throw NoClassNames(
        fmt::format("{} is a checkpoint, which holds no class names, and {} is not there: name the folder of "
                    "its training, or its label file",
                    found.file.string(), names.string()));
  }
  model = with_labels(std::move(model), found.file, names, /*required=*/true);
  if (fingerprint_of_classes(model.classes) != classes) {
    throw Error(
        fmt::format("{} names other classes than {} was trained on: they are not of the same training; name "
                    "the label_encoder.joblib of its training, or put the checkpoint back into its folder",
                    names.string(), found.file.string()));
  }
  return model;
}

ModelFile read_model_without_labels(const FoundModel& found) {
  const std::vector<std::uint8_t> bytes = read_model_bytes(found.file);
  return is_checkpoint(bytes) ? model_of(decode_named(bytes, found.file, decode_checkpoint), found.run)
                              : decode_named(bytes, found.file, decode_model_file);
}

bool is_known_to_be_of_its_training(const FoundModel& found) {
  return wrote(found.run, read_model_bytes(found.file)).value_or(false);
}

bool is_of_another_training(const FoundModel& found) {
  return !wrote(found.run, read_model_bytes(found.file)).value_or(true);
}

void check_training_of(const FoundModel& found) {
  if (!is_of_another_training(found)) return;
  throw Error(fmt::format(
      "the training in {} did not write {}, so it is not known which pictures this model was "
      "trained on: name the folder of its own training, or measure it on a folder of other pictures "
      "(bart evaluate FOLDER, with this model and its labels)",
      found.run.record().string(), found.file.string()));
}

}  // namespace bart
