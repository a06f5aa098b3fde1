#include "earlier_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
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
#include "bart/platform/own_text.h"
#include "bart/platform/write_through.h"
#include "bart/record/run_record.h"
#include "written_files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 40;

/// Gives a file a second name, or copies it if the file system has no hard links. Of a link the file that it
/// leads to is kept, because the training writes through the link.
void keep_file(const fs::path& file, const fs::path& folder) {
  if (!fs::is_regular_file(file)) return;
  make_folders(folder);
  const fs::path kept = folder / file.filename();
  std::error_code error;
  fs::remove(kept, error);
  fs::create_hard_link(fs::canonical(file), kept, error);
  if (error) copy_regular_file(file, kept);
}

/// Puts a kept file back, through a link if there is one. Returns whether that worked.
bool put_back(const fs::path& kept, const fs::path& file) {
  std::error_code error;
  if (!fs::exists(kept, error) || fs::equivalent(kept, file, error)) return true;
  fs::rename(kept, fs::is_symlink(file, error) ? fs::weakly_canonical(file) : file, error);
  if (!error) return true;
  try {
    write_file(file, read_file(kept, most_bytes));  // the link leads to another file system
    return true;
  } catch (const Error&) {
    return false;
  }
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

/// Whether there is a record that cannot be read, which says nothing about who wrote the files beside it.
bool has_unreadable_record(const RunFolder& folder) {
  if (!fs::exists(folder.run_json())) return false;
  try {
    read_run_record(folder);
    return false;
  } catch (const Error&) {
    return true;
  }
}

/// The pictures in inference_images/ whose names are those of test pictures.
std::vector<fs::path> test_pictures_in(const fs::path& folder) {
  std::vector<fs::path> pictures = paths_in(folder);
  std::erase_if(pictures, [](const fs::path& picture) {
    return !RunFolder::test_picture_number(picture.filename().string());
  });
  return pictures;
}

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
    if (!fs::is_regular_file(picture) || *number >= test_pictures) continue;
    if (record && !written) continue;  // of a version that did not say what it wrote
    const bool same = record && written->contains(picture.filename().string()) &&
                      written->at(picture.filename().string()) == hash_of(read_file(picture, most_bytes));
    if (!same) others.push_back(picture);
  }
  return others;
}

/// Throws Error, before there is anything to lose, if one of the test pictures that will be replaced may not
/// be written. check_writable() has looked at all other files.
void check_may_be_written(const RunFolder& folder, std::size_t test_pictures) {
  std::vector<fs::path> files = test_pictures_in(folder.test_pictures());
  std::erase_if(files, [&](const fs::path& picture) {
    return *RunFolder::test_picture_number(picture.filename().string()) >= test_pictures ||
           fs::is_symlink(picture);  // is replaced, not followed
  });
  for (const fs::path& file : files) writes_through(file);
}

/// What a user or another command put into before/ or earlier/ beside the files that a training keeps there.
std::vector<fs::path> files_beside(const RunFolder& kept) {
  std::vector<fs::path> names = kept.result_files(), beside;
  std::ranges::copy(kept.record_files(), std::back_inserter(names));
  for (const fs::path& entry : paths_in(kept.record())) {
    const bool kept_there = entry == kept.test_pictures()
                                ? fs::is_directory(entry)
                                : fs::is_regular_file(entry) && std::ranges::count(names, entry) > 0;
    if (!kept_there) beside.push_back(entry);
  }
  for (const fs::path& entry : paths_in(kept.test_pictures())) {
    if (!fs::is_regular_file(entry) || !RunFolder::test_picture_number(entry.filename().string()))
      beside.push_back(entry);
  }
  return beside;
}

/// Files that no training wrote, in a folder that will be removed.
struct OthersFiles {
  fs::path from;  // before/ or earlier/
  fs::path told;  // where the user knows them to be
  fs::path to;
  std::vector<fs::path> names;  // in each of these folders
};

void add_others(std::vector<OthersFiles>& all, const fs::path& from, const fs::path& told, const fs::path& to,
                const std::vector<fs::path>& files) {
  if (files.empty()) return;
  all.push_back({from, told, to, {}});
  for (const fs::path& file : files) all.back().names.push_back(file.lexically_relative(from));
}

/// The files in before/ that no training wrote. Those of the folder of results go into `place` itself.
std::vector<OthersFiles> others_in_before(const RunFolder& folder, std::size_t test_pictures,
                                          const fs::path& place) {
  const RunFolder before(folder.before(), folder.before());
  std::vector<fs::path> replaced = files_of_others(before, test_pictures);
  if (is_text_of_others(before.model_card())) replaced.push_back(before.model_card());
  std::vector<OthersFiles> all;
  add_others(all, before.record(), folder.results(), place, replaced);
  add_others(all, before.record(), before.record(), place / before.record().filename(), files_beside(before));
  return all;
}

/// The same of before/, and of earlier/ if before/ will take its place.
std::vector<OthersFiles> others_in(const RunFolder& folder, std::size_t test_pictures,
                                   const fs::path& place) {
  std::vector<OthersFiles> all = others_in_before(folder, test_pictures, place);
  const RunFolder earlier(folder.earlier(), folder.earlier());
  // Of a link, which a user may have put there, only the link will be removed.
  if (!fs::exists(folder.before() / RunFolder::run_json_name) || fs::is_symlink(earlier.record())) return all;
  std::vector<fs::path> files = files_of_others(earlier, std::numeric_limits<std::size_t>::max());
  if (is_text_of_others(earlier.model_card())) files.push_back(earlier.model_card());
  std::ranges::copy(files_beside(earlier), std::back_inserter(files));
  add_others(all, earlier.record(), earlier.record(), place / earlier.record().filename(), files);
  return all;
}

void move_others(const std::vector<OthersFiles>& all) {
  for (const OthersFiles& others : all) {
    for (const fs::path& name : others.names) {
      const fs::path file = others.from / name, moved = others.to / name;
      make_folders(moved.parent_path());
      std::error_code error;
      fs::rename(file, moved, error);
      if (error) {
        throw Error(
            fmt::format("cannot rename {} to {}: {}", file.string(), moved.string(), error.message()));
      }
    }
  }
}

std::vector<std::string> names_of(const OthersFiles& others) {
  std::vector<std::string> names;
  for (const fs::path& name : others.names) names.push_back(name.string());
  return names;
}

std::string sentence_on(const OthersFiles& others) {
  const std::vector<std::string> names = names_of(others);
  const std::string where = fmt::format("once this training has a model, {} in {}",
                                        names.size() == 1 ? "it is" : "they are", others.to.string());
  const RunFolder run(others.told);
  if (has_unreadable_record(run)) {
    return fmt::format("{} cannot be read, so nothing says who wrote {} in {}: {}",
                       run.run_json().lexically_normal().string(), some_of(names), others.told.string(),
                       where);
  }
  return fmt::format("No training of BART wrote {} in {}: {}", some_of(names), others.told.string(), where);
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

std::string EarlierRun::keep_changed(std::size_t test_pictures) const {
  std::vector<fs::path> changed = files_of_others(folder_, test_pictures);
  std::erase_if(changed, [](const fs::path& file) { return file.extension() == ".pth"; });
  std::vector<OthersFiles> all;
  add_others(all, folder_.results(), folder_.results(), place_of_others(), changed);
  if (all.empty()) return {};
  move_others(all);
  const std::vector<std::string> names = names_of(all.front());
  return fmt::format("{} in {} {} not what this training wrote: {} now in {}, and written again",
                     some_of(names), folder_.results().string(), names.size() == 1 ? "is" : "are",
                     names.size() == 1 ? "it is" : "they are", all.front().to.string());
}

std::vector<std::string> EarlierRun::keep(std::size_t test_pictures) {
  check_may_be_written(folder_, test_pictures);
  std::vector<std::string> sentences;
  const auto tell = [&](const std::vector<OthersFiles>& all) {
    for (const OthersFiles& others : all) sentences.push_back(sentence_on(others));
  };
  if (without_model(folder_)) {
    state_ = State::kept;
    tell(others_in(folder_, test_pictures, place_of_others()));
    return sentences;
  }
  // If only the model was removed, there is nothing else to keep.
  if (!has_model() && fs::exists(folder_.run_json()) && files_of_others(folder_, test_pictures).empty()) {
    state_ = State::kept;
    return {};
  }
  if (fs::exists(folder_.before())) {  // left by a training that was killed here
    const auto left = others_in_before(folder_, test_pictures, place_of_others());
    move_others(left);
    tell(left);
    remove_folder(folder_.before());
  }
  state_ = State::keeping;
  for (const fs::path& file : folder_.result_files()) keep_file(file, folder_.before());
  const std::vector<fs::path> pictures = test_pictures_in(folder_.test_pictures());
  for (const fs::path& picture : pictures) {
    keep_file(picture, folder_.before() / RunFolder::test_pictures_name);
  }
  for (const fs::path& file : folder_.record_files()) keep_file(file, folder_.before());
  state_ = State::kept;
  tell(others_in(folder_, test_pictures, place_of_others()));
  return sentences;
}

void EarlierRun::settle(std::size_t test_pictures) {
  if (!fs::exists(folder_.before())) return;
  const fs::path place = place_of_others();
  move_others(others_in(folder_, test_pictures, place));
  // A card that a person wrote about the earlier model is not left to be kept a second time.
  std::error_code none;
  if (fs::equivalent(place / RunFolder::model_card_name, folder_.model_card(), none))
    fs::remove(folder_.model_card(), none);
  if (!fs::exists(RunFolder(folder_.before(), folder_.before()).run_json())) {
    // Not of a training: the rest of it is still in its place. The training in earlier/ stays there.
    return remove_folder(folder_.before());
  }
  if (fs::exists(folder_.earlier())) remove_folder(folder_.earlier());
  std::error_code error;
  fs::rename(folder_.before(), folder_.earlier(), error);
  if (error) {
    throw Error(fmt::format("cannot rename {} to {}: {}", folder_.before().string(),
                            folder_.earlier().string(), error.message()));
  }
}

void EarlierRun::restore() {
  if (state_ == State::untouched) return;
  std::error_code left;
  if (state_ == State::keeping) {  // keep() failed: everything is in its place, and before/ is a part of it
    fs::remove_all(folder_.before(), left);
    return;
  }
  if (!fs::exists(folder_.before())) return;
  bool all = true;  // what fails can still be put back by hand
  for (const fs::path& file : folder_.record_files()) {
    const fs::path kept = folder_.before() / file.filename();
    if (!fs::exists(kept)) fs::remove(file, left);
    all &= put_back(kept, file);
  }
  // A model is replaced before settle(), which may have failed. If there was no model, the new training has
  // already written its labels and pictures.
  for (const fs::path& file : folder_.result_files()) {
    all &= put_back(folder_.before() / file.filename(), file);
  }
  for (const fs::path& kept : test_pictures_in(folder_.before() / RunFolder::test_pictures_name)) {
    all &= put_back(kept, folder_.test_pictures() / kept.filename());
  }
  if (!all) return;
  try {
    std::vector<OthersFiles> beside;
    const RunFolder before(folder_.before(), folder_.before());
    add_others(beside, before.record(), {}, place_of_others() / before.record().filename(),
               files_beside(before));
    move_others(beside);
    fs::remove_all(before.record(), left);
  } catch (const Error&) {  // they stay in before/
  }
}

}  // namespace bart
