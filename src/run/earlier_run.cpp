#include "earlier_run.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "bart/platform/error.h"
#include "bart/record/run_record.h"
#include "written_files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// A second name for a file; a copy where the file system has no links.
void keep_file(const fs::path& file, const fs::path& folder) {
  if (!fs::is_regular_file(file)) return;
  create_folder(folder);
  const fs::path kept = folder / file.filename();
  std::error_code error;
  fs::remove(kept, error);
  fs::create_hard_link(file, kept, error);
  if (error) fs::copy_file(file, kept, fs::copy_options::overwrite_existing, error);
  if (error) throw Error(fmt::format("cannot write {}: {}", kept.string(), error.message()));
}

/// The files of results, and those of the record, that a training replaces.
std::vector<fs::path> results_of(const RunFolder& folder) {
  return {folder.model(), folder.best_model(), folder.last_model(), folder.labels()};
}

std::vector<fs::path> records_of(const RunFolder& folder) {
  return {folder.run_json(),     folder.run_toml(),          folder.steps_csv(),
          folder.pictures_csv(), folder.history_csv(),       folder.history_json(),
          folder.report(),       folder.test_pictures_csv(), folder.augmented_pictures()};
}

/// Whether the record in place is of a training that wrote no model: killed, interrupted or diverged before.
bool without_model(const RunFolder& folder) {
  if (!fs::exists(folder.run_json())) return false;
  try {
    const RunRecord record = read_run_record(folder);
    return record.unfinished() && record.models.empty();
  } catch (const Error&) {
    return false;  // not readable; it is kept all the same
  }
}

}  // namespace

bool EarlierRun::has_model() const {
  return fs::exists(folder_.model()) || fs::exists(folder_.best_model());
}

void EarlierRun::keep() {
  if (without_model(folder_) || !has_model()) return;
  std::error_code error;
  fs::remove_all(folder_.earlier(), error);
  if (error) throw Error(fmt::format("cannot remove {}: {}", folder_.earlier().string(), error.message()));
  kept_ = true;
  for (const fs::path& file : results_of(folder_)) keep_file(file, folder_.earlier());
  for (const fs::path& file : records_of(folder_)) keep_file(file, folder_.earlier());
}

void EarlierRun::keep_test_picture(const std::string& name) {
  keep_file(folder_.test_pictures() / name, folder_.earlier() / RunFolder::test_pictures_name);
}

void EarlierRun::restore() {
  if (!kept_) return;
  std::error_code left;  // then it can still be put back by hand
  for (const fs::path& file : records_of(folder_)) {
    if (const fs::path kept = folder_.earlier() / file.filename(); fs::exists(kept)) {
      fs::rename(kept, file, left);
    } else {
      fs::remove(file, left);
    }
  }
  // The model, its labels and the test pictures were not replaced yet.
  fs::remove_all(folder_.earlier(), left);
}

}  // namespace bart
