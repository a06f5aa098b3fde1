#include "earlier_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <system_error>
#include <vector>

#include "bart/formats/joblib.h"
#include "bart/platform/copy_regular_file.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/make_folders.h"
#include "bart/platform/own_text.h"
#include "bart/platform/write_through.h"
#include "bart/record/run_record.h"
#include "files_of_others.h"
#include "written_files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// Gives a file a second name, or copies it if the file system has no hard links. Of a link the file that it
/// leads to is kept, because the training writes through the link, or replaces the link of a picture.
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
  try {
    fs::rename(kept, written_place(file), error);
    if (!error) return true;
    write_file(file, read_file(kept, most_result_bytes));  // the link leads to another file system
    return true;
  } catch (const Error&) {
    return false;
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

/// files_of_others() in the folder of results, or in before/. Test pictures of the training in earlier/ are
/// still in place where the one after it was killed while it replaced them.
std::vector<fs::path> others_among(const RunFolder& run, std::size_t test_pictures, const RunFolder& folder) {
  std::vector<fs::path> others = files_of_others(run, test_pictures);
  std::erase_if(others, [&](const fs::path& file) {
    return file.parent_path() == run.test_pictures() &&
           is_same_content(file, folder.earlier() / RunFolder::test_pictures_name / file.filename());
  });
  return others;
}

/// The pictures of others whose numbers the new training does not reach: it leaves them where they are, and
/// they are not of the one before.
std::vector<fs::path> others_that_stay(const RunFolder& folder, std::size_t test_pictures) {
  return pictures_of_others(folder, test_pictures, std::numeric_limits<std::size_t>::max());
}

/// The files in before/ that no training wrote. Those of the folder of results go into `place` itself.
std::vector<OthersFiles> others_in_before(const RunFolder& folder, std::size_t test_pictures,
                                          const fs::path& place) {
  const RunFolder before(folder.before(), folder.before());
  const std::vector<fs::path> unrecorded = unrecorded_files(before);
  std::vector<fs::path> replaced = others_among(before, test_pictures, folder);
  if (unrecorded.empty() && is_text_of_others(before.model_card())) replaced.push_back(before.model_card());
  std::vector<OthersFiles> all;
  add_others(all, before.record(), folder.results(), place, replaced);
  add_others(all, before.record(), folder.record(), place, unrecorded);
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
  const std::vector<fs::path> unrecorded = unrecorded_files(earlier);
  std::ranges::copy(unrecorded, std::back_inserter(files));
  if (unrecorded.empty() && is_text_of_others(earlier.model_card())) files.push_back(earlier.model_card());
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
  if (others.told.filename() == RunFolder::record_name &&
      !fs::exists(others.told / RunFolder::run_json_name)) {
    return fmt::format("There is no {}, so nothing says who wrote {} in {}: {}",
                       (others.told / RunFolder::run_json_name).string(), some_of(names),
                       others.told.string(), where);
  }
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

bool EarlierRun::has_record() const {
  return fs::exists(folder_.before() / RunFolder::run_json_name);
}

/// Where what a user put beside the results is kept. No training replaces it.
fs::path EarlierRun::place_of_others() const {
  for (int k = 1;; ++k) {
    const fs::path place = folder_.kept(k);
    if (!fs::exists(fs::symlink_status(place))) return place;
  }
}

/// Whether the content of a result is also in before/ or a folder of files of others.
bool EarlierRun::is_kept(const fs::path& file) const {
  const fs::path name = file.lexically_relative(folder_.results());
  if (is_same_content(file, folder_.before() / name)) return true;
  for (int k = 1; fs::exists(fs::symlink_status(folder_.kept(k))); ++k) {
    if (is_same_content(file, folder_.kept(k) / name)) return true;
  }
  return false;
}

void EarlierRun::finish_settling(std::size_t test_pictures) {
  if (!fs::exists(folder_.run_json())) return;
  RunRecord record;
  try {
    record = read_run_record(folder_);
  } catch (const Error&) {
    return;
  }
  if (record.models.empty()) return;
  // What is still in place beside its model is of the training before, or of others.
  const auto is_left = [&](const fs::path& file) {
    return is_kept(file) || is_same_content(file, folder_.earlier() / file.filename());
  };
  // A copy of this record was made by a later training, which was killed before it wrote its own.
  if (fs::exists(folder_.before()) &&
      !is_same_content(folder_.run_json(), folder_.before() / RunFolder::run_json_name)) {
    for (const fs::path& model : {folder_.best_model(), folder_.last_model()}) {
      if (!is_left(model) || wrote_model(record, fingerprint_of_file(model)).value_or(true)) continue;
      std::error_code gone;
      fs::remove(model, gone);
    }
    settle(test_pictures);
  }
  const std::vector<std::uint8_t> labels = encode_label_encoder(record.classes);
  if (is_left(folder_.labels()) && read_file(folder_.labels(), most_result_bytes) != labels)
    write_file(folder_.labels(), labels);
}

std::vector<std::string> EarlierRun::keep_others(std::size_t test_pictures) {
  std::vector<fs::path> others = others_among(folder_, test_pictures, folder_);
  std::erase_if(others, [&](const fs::path& file) { return is_kept(file); });
  std::vector<OthersFiles> all;
  const fs::path place = place_of_others();
  add_others(all, folder_.results(), folder_.results(), place, others);
  if (all.empty()) return {};
  others_ = place;
  for (const fs::path& name : all.front().names)
    keep_file(folder_.results() / name, place / name.parent_path());
  return {sentence_on(all.front())};
}

std::string EarlierRun::keep_changed(std::size_t test_pictures) {
  finish_settling(test_pictures);
  std::vector<fs::path> changed = others_among(folder_, test_pictures, folder_), models;
  // A model stays until it is written again: without one, nothing could be predicted in the meantime.
  std::erase_if(changed, [&](const fs::path& file) {
    if (file.extension() != ".pth") return false;
    if (!is_kept(file)) models.push_back(file);
    return true;
  });
  const fs::path place = place_of_others();
  std::vector<OthersFiles> all;
  add_others(all, folder_.results(), folder_.results(), place, changed);
  move_others(all);
  for (const fs::path& model : models) keep_file(model, place);
  std::vector<std::string> names;
  for (const fs::path& model : models) names.push_back(model.filename().string());
  if (!all.empty()) std::ranges::copy(names_of(all.front()), std::back_inserter(names));
  if (names.empty()) return {};
  return fmt::format("{} in {} {} not what this training wrote: {} now in {}, and written again",
                     some_of(names), folder_.results().string(), names.size() == 1 ? "is" : "are",
                     names.size() == 1 ? "it is" : "they are", place.string());
}

std::vector<std::string> EarlierRun::keep(std::size_t test_pictures) {
  check_test_pictures_writable(folder_, test_pictures);
  finish_settling(test_pictures);
  std::vector<std::string> sentences;
  const auto tell = [&](const std::vector<OthersFiles>& all) {
    for (const OthersFiles& others : all) sentences.push_back(sentence_on(others));
  };
  if (without_model(folder_)) {
    state_ = State::kept;
    sentences = keep_others(test_pictures);
    tell(others_in(folder_, test_pictures, place_of_others()));
    return sentences;
  }
  if (fs::exists(folder_.before())) {  // left by a training that was killed here
    std::vector<OthersFiles> left = others_in_before(folder_, test_pictures, place_of_others());
    for (OthersFiles& others : left) {  // what is also in its place will be kept from there
      std::erase_if(others.names, [&](const fs::path& name) {
        return others.told != others.from && is_same_content(others.from / name, others.told / name);
      });
    }
    std::erase_if(left, [](const OthersFiles& others) { return others.names.empty(); });
    move_others(left);
    tell(left);
    remove_folder(folder_.before());
  }
  state_ = State::keeping;
  // The record comes first, so that it is never without the files that it tells about.
  keep_file(folder_.run_json(), folder_.before());
  for (const fs::path& file : folder_.result_files()) keep_file(file, folder_.before());
  const std::vector<fs::path> staying = others_that_stay(folder_, test_pictures);
  for (const fs::path& picture : test_pictures_in(folder_.test_pictures())) {
    if (std::ranges::count(staying, picture) == 0)
      keep_file(picture, folder_.before() / RunFolder::test_pictures_name);
  }
  for (const fs::path& file : unrecorded_files(folder_)) keep_file(file, folder_.before());
  for (const fs::path& file : event_files(folder_)) keep_file(file, folder_.before());
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

/// Puts the results in `kept` back into their places. Returns whether that worked for all.
bool EarlierRun::put_results_back(const fs::path& kept) const {
  bool all = true;
  for (const fs::path& file : folder_.result_files()) all &= put_back(kept / file.filename(), file);
  for (const fs::path& picture : test_pictures_in(kept / RunFolder::test_pictures_name)) {
    all &= put_back(picture, folder_.test_pictures() / picture.filename());
  }
  return all;
}

/// Removes the results of the training that failed, where there were none when it began: its record will not
/// be there to tell whose they are.
void EarlierRun::remove_own_results() const {
  std::vector<fs::path> own = folder_.result_files();
  std::ranges::copy(test_pictures_in(folder_.test_pictures()), std::back_inserter(own));
  try {
    const auto others = files_of_others(folder_, std::numeric_limits<std::size_t>::max());
    for (const fs::path& file : own) {
      std::error_code left;
      const bool was_there = fs::exists(folder_.before() / file.lexically_relative(folder_.results()), left);
      if (!was_there && std::ranges::count(others, file) == 0) fs::remove(written_place(file), left);
    }
  } catch (const Error&) {  // they stay
  }
}

void EarlierRun::restore() {
  if (state_ == State::untouched) return;
  std::error_code left;
  if (state_ == State::keeping) {  // keep() failed: everything is in its place, and before/ is a part of it
    fs::remove_all(folder_.before(), left);
    return;
  }
  // A model is replaced before settle(), which may have failed. If there was no model, the new training has
  // already written its labels and pictures.
  if (!others_.empty()) {  // they had replaced the earlier results, which stay in before/
    if (put_results_back(others_)) fs::remove_all(others_, left);
    return;
  }
  if (!fs::exists(folder_.before())) return;
  remove_own_results();
  // What fails can still be put back by hand. A record never comes back beside the model of another training.
  if (!put_results_back(folder_.before())) return;
  bool all = true;
  for (const fs::path& events : event_files(folder_)) {
    if (!fs::exists(folder_.before() / events.filename())) fs::remove(events, left);
  }
  for (const fs::path& kept : event_files(RunFolder(folder_.before(), folder_.before())))
    all &= put_back(kept, folder_.record() / kept.filename());
  for (const fs::path& file : folder_.record_files()) {
    const fs::path kept = folder_.before() / file.filename();
    if (!fs::exists(kept)) fs::remove(file, left);
    all &= put_back(kept, file);
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
