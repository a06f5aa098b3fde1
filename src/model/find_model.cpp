#include "bart/model/find_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "bart/checkpoint/checkpoint.h"
#include "bart/checkpoint/checkpoint_folder.h"
#include "bart/checkpoint/data_fingerprint.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/record/run_record.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// A checkpoint is a safetensors file, which begins with the length of its header in eight bytes and the
/// header, JSON.
bool is_checkpoint(std::span<const std::uint8_t> bytes) {
  std::uint64_t length = 0;
  if (bytes.size() <= sizeof length || bytes[sizeof length] != '{') return false;
  std::memcpy(&length, bytes.data(), sizeof length);
  const std::string_view rest(reinterpret_cast<const char*>(bytes.data()) + sizeof length,
                              bytes.size() - sizeof length);
  return rest.substr(0, std::min<std::uint64_t>(length, rest.size())).find("\"bart-checkpoint-") !=
         std::string_view::npos;
}

/// The folder of results that a model file lies in; for a checkpoint the one above its folder.
RunFolder run_of(const fs::path& file) {
  const fs::path folder = file.parent_path();
  if (fs::exists(folder / RunFolder::run_json_name)) {
    return find_run(folder.empty() ? fs::path(".") : folder);
  }
  return RunFolder(folder);
}

/// The same folder with the record of the training that wrote `model`. A new training that has no model yet
/// keeps the record of the one before, whose model is still in place, in bart-run/before/.
RunFolder with_record_of(const fs::path& model, const RunFolder& run) {
  if (!fs::exists(model) || (!fs::exists(run.before()) && !fs::exists(run.earlier()))) return run;
  try {
    const std::vector<std::uint8_t> bytes = read_file(model);
    if (wrote_model(read_run_record(run), bytes).value_or(true)) return run;
    for (const fs::path& record : {run.before(), run.earlier()}) {
      const RunFolder other(run.results(), record);
      if (fs::exists(other.run_json()) &&
          wrote_model(read_run_record(other), bytes).value_or(record == run.before())) {
        return other;
      }
    }
  } catch (const Error&) {  // what is wrong with the record is reported by whoever needs it
  }
  return run;
}

/// Whether the training keeps the model of its best epoch. If not, a model with that name was left by an
/// earlier one.
bool kept_best(const RunFolder& run) {
  try {
    return fs::exists(run.best_model()) && !read_run_record(run).settings.best.empty();
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

/// False if the record of the training says that it did not write this model.
bool may_have_written(const RunFolder& run, std::span<const std::uint8_t> model) {
  if (!fs::exists(run.run_json())) return true;
  try {
    return wrote_model(read_run_record(run), model).value_or(true);
  } catch (const Error&) {
    return true;
  }
}

ModelFile model_of(Checkpoint checkpoint) {
  const auto ignore_exif = checkpoint.settings.find("--ignore-exif");
  TrainingState& training = checkpoint.training;
  return {
      .format = ModelFormat::pth,
      .state = std::move(training.average.model.empty() ? training.model : training.average.model),
      .classes = {},
      .apply_exif_orientation = ignore_exif == checkpoint.settings.end() || ignore_exif->second != "true"};
}

}  // namespace

FoundModel find_model(const fs::path& path) {
  if (!fs::is_directory(path)) return {path, with_record_of(path, run_of(path))};
  RunFolder run(path);
  const bool holds_training = fs::exists(run.model()) || fs::exists(run.record());
  if (!holds_training || fs::exists(path / RunFolder::run_json_name)) run = find_run(path);
  run = with_record_of(run.model(), run);
  if (kept_best(run)) return {run.best_model(), run};
  if (fs::exists(run.model())) return {run.model(), run};
  if (has_checkpoint(run.record())) return {newest_checkpoint(run.record()).path, run};
  if (fs::exists(run.run_json())) {
    throw Error(fmt::format(
        "the training in {} has no model and no checkpoint (its status is {}): train again, or name "
        "another model",
        path.string(), read_run_record(run).status));
  }
  throw Error(
      fmt::format("{} holds no model: name a model file, or the folder of a training", path.string()));
}

ModelFile read_model(const FoundModel& found, const fs::path& labels,
                     const std::function<void(const std::string&)>& warn) {
  return decode_model(found, read_file(found.file), labels, warn);
}

ModelFile decode_model(const FoundModel& found, std::span<const std::uint8_t> bytes, const fs::path& labels,
                       const std::function<void(const std::string&)>& warn) {
  const fs::path names = labels.empty() ? found.run.labels() : labels;
  if (!is_checkpoint(bytes)) {
    ModelFile file = decode_named(bytes, found.file, decode_model_file);
    const bool names_beside = file.classes.empty() && labels.empty();
    file = with_labels(std::move(file), found.file, names, /*required=*/!labels.empty());
    if (warn && names_beside && !may_have_written(found.run, bytes)) {
      warn(fmt::format(
          "The class names are those of {}, which were not saved with {}: the training there did not "
          "write this model, so they may be wrong",
          names.string(), found.file.string()));
    }
    return file;
  }
  if (labels.empty() && !fs::exists(names)) {
    throw Error(
        fmt::format("{} is a checkpoint, which holds no class names, and {} is not there: name the "
                    "label_encoder.joblib of its training, or the folder of that training",
                    found.file.string(), names.string()));
  }
  Checkpoint checkpoint = decode_named(bytes, found.file, decode_checkpoint);
  const std::uint64_t classes = checkpoint.data.classes;
  ModelFile model = with_labels(model_of(std::move(checkpoint)), found.file, names, /*required=*/true);
  if (fingerprint_of_classes(model.classes) != classes) {
    throw Error(
        fmt::format("{} names other classes than {} was trained on: they are not of the same training",
                    names.string(), found.file.string()));
  }
  return model;
}

ModelFile read_model_without_labels(const FoundModel& found) {
  const std::vector<std::uint8_t> bytes = read_file(found.file);
  return is_checkpoint(bytes) ? model_of(decode_named(bytes, found.file, decode_checkpoint))
                              : decode_named(bytes, found.file, decode_model_file);
}

}  // namespace bart
