#include "run_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "bart/augment/augmentation.h"
#include "bart/checkpoint/checkpoint_folder.h"
#include "bart/formats/joblib.h"
#include "bart/formats/pth.h"
#include "bart/formats/weights_fingerprint.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"
#include "bart/platform/peak_memory.h"
#include "bart/platform/timing.h"
#include "bart/platform/write_through.h"
#include "bart/record/picture_hashes.h"
#include "bart/record/run_toml.h"
#include "bart/record/test_pictures.h"
#include "bart/record/version.h"
#include "bart/report/augmentation_sheet.h"
#include "written_files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> checkpoint_settings(const RunRecord& record, const fs::path& folder) {
  std::map<std::string, std::string> kept{{folder_setting, fs::absolute(folder).string()},
                                          {started_setting, record.started}};
  for (const Setting& setting : run_settings()) {
    if (setting.effect != Effect::output) {
      kept[fmt::format("--{}", setting.flag)] = text_of(setting, record.settings);
    }
  }
  return kept;
}

/// Removes a model of an earlier training, which is kept. A link through which this training will write its
/// own stays.
void remove_earlier_model(const fs::path& file, bool written_again) {
  std::error_code gone;
  fs::remove(written_again ? written_place(file) : file, gone);
}

}  // namespace

RunOutput::RunOutput(const fs::path& data_folder, const RunSettings& settings, const RunData& data,
                     RunResult& result, const RunObserver& observer)
    : data_folder_(data_folder),
      settings_(settings),
      data_(data),
      result_(result),
      observer_(observer),
      earlier_(result.folder) {}

void RunOutput::take_over_models() {
  if (!fs::exists(result_.folder.run_json())) return;
  result_.record.models = read_run_record(result_.folder).models;
  published_ = !result_.record.models.empty();
}

RunOutput::SetAside RunOutput::set_earlier_run_aside() {
  std::vector<std::string> others = earlier_.keep(data_.split.test.size());
  return {set_checkpoints_aside(result_.folder.record()), std::move(others)};
}

void RunOutput::restore_earlier_run() {
  earlier_.restore();
  restore_checkpoints(result_.folder.record());
}

std::vector<std::string> RunOutput::set_changed_aside() {
  const std::size_t test_pictures = data_.split.test.size();
  if (!published_) return earlier_.keep_others(test_pictures);
  const std::string sentence = earlier_.keep_changed(test_pictures);
  restores_data_ = !data_is_in_place();
  return sentence.empty() ? std::vector<std::string>() : std::vector{sentence};
}

/// Whether the labels and all test pictures of this training are in the folder.
bool RunOutput::data_is_in_place() const {
  if (!fs::exists(result_.folder.labels())) return false;
  const std::optional<WrittenPictures> written = read_written_pictures(result_.folder);
  for (std::size_t i = 0; i < data_.split.test.size(); ++i) {
    const std::string name = RunFolder::test_picture_name(i);
    const fs::path picture = result_.folder.test_pictures() / name;
    if (!fs::exists(picture)) return false;
    if (!written) continue;
    // One that is not listed, or listed twice, may be that of the training before.
    const auto listed = written->lower_bound({name, 0});
    if (listed == written->end() || *listed != std::pair(name, hash_of(read_file(picture)))) return false;
    if (const auto next = std::next(listed); next != written->end() && next->first == name) return false;
  }
  return true;
}

void RunOutput::write_beginning() {
  const RunFolder& out = result_.folder;
  std::error_code gone;
  fs::remove(out.begun(), gone);  // checkpoints that are there are this training's
  // The record comes first: from now on a model in the folder does not belong to the training in the record.
  if (!result_.record.resumed_after_step) write_record("running");
  if (restores_data_ || (!published_ && !earlier_.has_model())) publish_data();
  write_file(out.pictures_csv(), encode_picture_hashes(data_.pictures, data_.split));
  write_file(out.test_pictures_csv(),
             encode_test_pictures(data_.listing.folder, data_.pictures, data_.split));
  write_file(out.run_toml(), encode_run_toml(settings_, fs::absolute(data_folder_)));
  write_augmented_pictures();
}

/// Writes what the network will see of the first training pictures.
void RunOutput::write_augmented_pictures() const {
  const Augmentation augmentation = augmentation_of(settings_.augment);
  if (!augmentation.changes()) {
    std::error_code gone;
    fs::remove(result_.folder.augmented_pictures(), gone);  // of an earlier training
    return;
  }
  constexpr std::size_t most = 6;
  const Picture sheet = augmentation_sheet(
      data_.larger, std::span(data_.split.train).first(std::min(most, data_.split.train.size())),
      augmentation, settings_.image_size, static_cast<std::uint32_t>(settings_.seed));
  write_file(result_.folder.augmented_pictures(), encode_jpeg(sheet, 90));
}

void RunOutput::publish_data() {
  write_file(result_.folder.labels(), encode_label_encoder(data_.pictures.classes));
  if (!data_.split.test.empty()) {
    save_test_pictures(result_.folder, data_.pictures, data_.split, settings_.threads);
  }
  published_ = true;
}

void RunOutput::write_model(const fs::path& file, const StateDict& state, int epochs) {
  const std::vector<std::uint8_t> bytes = encode_pth(state, {.classes = data_.pictures.classes,
                                                             .image_size = settings_.image_size,
                                                             .exif_orientation = !settings_.ignore_exif,
                                                             .bart_version = bart_version()});
  std::vector<ModelRecord>& models = result_.record.models;
  const ModelRecord written{file.filename().string(), epochs, hash_of(bytes), weights_fingerprint(state),
                            bfloat16_weights_fingerprint(state)};
  // Before the model: whoever finds it after a kill knows whose it is.
  result_.record.writing = written;
  write_record(result_.record.status);
  write_file(file, bytes);
  // Only now: if the model cannot be written, everything of the earlier training is put back.
  if (models.empty()) {
    // Both are in bart-run/before/, or in kept-1/ where they are of others.
    remove_earlier_model(result_.folder.best_model(), !settings_.best.empty());
    remove_earlier_model(result_.folder.last_model(), settings_.average > 0);
    earlier_.settle(data_.split.test.size());
  }
  std::erase_if(models, [&](const ModelRecord& model) { return model.file == written.file; });
  models.push_back(written);
  result_.record.writing.reset();
  if (!published_) publish_data();
}

void RunOutput::write_record(const std::string& status) {
  RunRecord& record = result_.record;
  record.status = status;
  record.written = iso_time();
  record.peak_memory_bytes = peak_memory_bytes();
  write_file(result_.folder.run_json(), encode_run_record(record));
}

void RunOutput::write_progress(const TrainingProgress& progress, const std::string& status) {
  result_.record.steps = static_cast<std::int64_t>(progress.steps.size());
  result_.record.epochs = progress.epochs;
  write_file(result_.folder.steps_csv(), encode_steps(progress.steps));
  write_record(status);
}

void RunOutput::write_checkpoint(Training& training) {
  result_.checkpoint = save_checkpoint(result_.folder.record(),
                                       {bart_version(), checkpoint_settings(result_.record, data_folder_),
                                        data_.fingerprint, training.state()});
  last_checkpoint_ = std::chrono::steady_clock::now();
  saved(Saved::checkpoint, result_.checkpoint);
}

double RunOutput::seconds_since_checkpoint() const {
  return seconds_since(last_checkpoint_);
}

void RunOutput::saved(Saved what, const fs::path& path) const {
  if (observer_.saved) observer_.saved(what, path);
}

}  // namespace bart
