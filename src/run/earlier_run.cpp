#include "earlier_run.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "bart/formats/joblib.h"
#include "bart/platform/copy_regular_file.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"
#include "bart/platform/make_folders.h"
#include "bart/record/run_record.h"
#include "written_files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// Gives a file a second name, or copies it if the file system has no hard links.
void keep_file(const fs::path& file, const fs::path& folder) {
  if (!fs::is_regular_file(file)) return;
  make_folders(folder);
  const fs::path kept = folder / file.filename();
  std::error_code error;
  fs::remove(kept, error);
  fs::create_hard_link(file, kept, error);
  if (error) copy_regular_file(file, kept);
}

/// Whether the record in the folder is of a training that wrote no model, because it was killed or
/// interrupted or diverged.
bool without_model(const RunFolder& folder) {
  if (!fs::exists(folder.run_json())) return false;
  try {
    const RunRecord record = read_run_record(folder);
    return record.unfinished() && record.models.empty();
  } catch (const Error&) {
    return false;  // a record that cannot be read is kept, too
  }
}

/// The pictures in inference_images/ whose names are those of test pictures.
std::vector<fs::path> test_pictures_in(const fs::path& folder) {
  std::vector<fs::path> pictures;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (RunFolder::is_test_picture(entry->path().filename().string())) pictures.push_back(entry->path());
  }
  return pictures;
}

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 40;

/// The results in the folder that no training of BART wrote and that a training with `test_pictures`
/// replaces.
std::vector<fs::path> files_of_others(const RunFolder& run, std::size_t test_pictures) {
  std::optional<RunRecord> record;
  std::optional<std::map<std::string, std::uint64_t>> written;
  try {
    if (fs::exists(run.run_json())) record = read_run_record(run);
    written = read_written_pictures(run);
  } catch (const Error&) {  // nothing is known of these files
    record.reset();
  }
  std::vector<fs::path> others;
  for (const fs::path& model : {run.model(), run.best_model(), run.last_model()}) {
    if (!fs::is_regular_file(model)) continue;
    if (!record || !wrote_model(*record, read_file(model, most_bytes)).value_or(true))
      others.push_back(model);
  }
  if (fs::is_regular_file(run.labels()) &&
      (!record || read_file(run.labels(), most_bytes) != encode_label_encoder(record->classes))) {
    others.push_back(run.labels());
  }
  for (const fs::path& picture : test_pictures_in(run.test_pictures())) {
    const std::optional<std::size_t> number = RunFolder::test_picture_number(picture.filename().string());
    if (!fs::is_regular_file(picture) || !number || *number >= test_pictures) continue;
    if (record && !written) continue;  // of a version that did not say what it wrote
    const bool same = record && written->contains(picture.filename().string()) &&
                      written->at(picture.filename().string()) == hash_of(read_file(picture, most_bytes));
    if (!same) others.push_back(picture);
  }
  return others;
}

void remove_folder(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) throw Error(fmt::format("cannot remove {}: {}", folder.string(), error.message()));
}

}  // namespace

bool EarlierRun::has_model() const {
  return fs::exists(folder_.model()) || fs::exists(folder_.best_model());
}

/// Where what a user put beside the results is kept. No training replaces it.
fs::path EarlierRun::place_of_others() const {
  for (int k = 1;; ++k) {
    const fs::path place = folder_.kept(k);
    if (!fs::exists(fs::symlink_status(place))) return place;
  }
}

/// Moves what no training wrote out of before/ or earlier/, which will be removed.
void EarlierRun::keep_others(const fs::path& kept, std::size_t test_pictures) const {
  const std::vector<fs::path> others = files_of_others(RunFolder(kept, kept), test_pictures);
  if (others.empty()) return;
  const fs::path place = place_of_others();
  for (const fs::path& file : others) {
    const fs::path moved = place / file.lexically_relative(kept);
    make_folders(moved.parent_path());
    std::error_code error;
    fs::rename(file, moved, error);
    if (error) {
      throw Error(fmt::format("cannot rename {} to {}: {}", file.string(), moved.string(), error.message()));
    }
  }
}

std::string EarlierRun::keep(std::size_t test_pictures) {
  const auto sentence = [&](const RunFolder& run) {
    std::vector<std::string> names;
    for (const fs::path& file : files_of_others(run, test_pictures)) {
      names.push_back(file.lexically_relative(run.results()).string());
    }
    if (names.empty()) return std::string();
    return fmt::format("No training of BART wrote {} in {}: once this training has a model, {} in {}",
                       some_of(names), folder_.results().string(), names.size() == 1 ? "it is" : "they are",
                       place_of_others().string());
  };
  if (without_model(folder_)) {
    kept_ = true;
    return sentence(RunFolder(folder_.before(), folder_.before()));
  }
  // If only the model was removed, there is nothing else to keep.
  const std::string others = sentence(folder_);
  if (!has_model() && fs::exists(folder_.run_json()) && others.empty()) {
    kept_ = true;
    return {};
  }
  if (fs::exists(folder_.before())) {  // left by a training that was killed here
    keep_others(folder_.before(), test_pictures);
    remove_folder(folder_.before());
  }
  for (const fs::path& file : folder_.result_files()) keep_file(file, folder_.before());
  const std::vector<fs::path> pictures = test_pictures_in(folder_.test_pictures());
  for (const fs::path& picture : pictures) {
    keep_file(picture, folder_.before() / RunFolder::test_pictures_name);
  }
  for (const fs::path& file : folder_.record_files()) keep_file(file, folder_.before());
  kept_ = true;
  return others;
}

void EarlierRun::settle(std::size_t test_pictures) {
  if (!fs::exists(folder_.before())) return;
  keep_others(folder_.before(), test_pictures);
  if (!fs::exists(RunFolder(folder_.before(), folder_.before()).run_json())) {
    // Not of a training: the rest of it is still in its place. The training in earlier/ stays there.
    return remove_folder(folder_.before());
  }
  if (fs::exists(folder_.earlier())) {
    keep_others(folder_.earlier(), std::numeric_limits<std::size_t>::max());
    remove_folder(folder_.earlier());
  }
  std::error_code error;
  fs::rename(folder_.before(), folder_.earlier(), error);
  if (error) {
    throw Error(fmt::format("cannot rename {} to {}: {}", folder_.before().string(),
                            folder_.earlier().string(), error.message()));
  }
}

void EarlierRun::restore() {
  std::error_code left;  // what fails can still be put back by hand
  if (!kept_) {          // keep() failed: everything is in its place, and before/ is a part of it
    fs::remove_all(folder_.before(), left);
    return;
  }
  if (!fs::exists(folder_.before())) return;
  for (const fs::path& file : folder_.record_files()) {
    if (const fs::path kept = folder_.before() / file.filename(); fs::exists(kept)) {
      fs::rename(kept, file, left);
    } else {
      fs::remove(file, left);
    }
  }
  // If there was no model, the new training has already written its labels and pictures.
  if (const fs::path kept = folder_.before() / folder_.labels().filename(); fs::exists(kept)) {
    fs::rename(kept, folder_.labels(), left);
  }
  for (const fs::path& kept : test_pictures_in(folder_.before() / RunFolder::test_pictures_name)) {
    fs::rename(kept, folder_.test_pictures() / kept.filename(), left);
  }
  fs::remove_all(folder_.before(), left);
}

}  // namespace bart
