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

/// Gives a file a second name, or copies it if the file system has no hard links.
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

/// The results that a training replaces.
std::vector<fs::path> results_of(const RunFolder& folder) {
  return {folder.model(), folder.best_model(), folder.last_model(), folder.labels()};
}

std::vector<fs::path> records_of(const RunFolder& folder) {
  return {folder.run_json(),     folder.run_toml(),          folder.steps_csv(),
          folder.pictures_csv(), folder.history_csv(),       folder.history_json(),
          folder.report(),       folder.test_pictures_csv(), folder.augmented_pictures()};
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

/// "pic_0.jpg" and the like, in inference_images/.
std::vector<fs::path> test_pictures_in(const fs::path& folder) {
  std::vector<fs::path> pictures;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with("pic_") && name.ends_with(".jpg")) pictures.push_back(entry->path());
  }
  return pictures;
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

std::size_t EarlierRun::keep() {
  if (without_model(folder_)) return 0;
  // If only the model was removed, there is nothing else to keep.
  if (!has_model() && fs::exists(folder_.run_json())) return 0;
  remove_folder(folder_.before());  // left by a training that was killed here
  for (const fs::path& file : results_of(folder_)) keep_file(file, folder_.before());
  const std::vector<fs::path> pictures = test_pictures_in(folder_.test_pictures());
  for (const fs::path& picture : pictures) {
    keep_file(picture, folder_.before() / RunFolder::test_pictures_name);
  }
  for (const fs::path& file : records_of(folder_)) keep_file(file, folder_.before());
  return pictures.size();
}

void EarlierRun::settle() {
  if (!fs::exists(folder_.before())) return;
  remove_folder(folder_.earlier());
  std::error_code error;
  fs::rename(folder_.before(), folder_.earlier(), error);
  if (error) {
    throw Error(fmt::format("cannot rename {} to {}: {}", folder_.before().string(),
                            folder_.earlier().string(), error.message()));
  }
}

void EarlierRun::restore() {
  if (!fs::exists(folder_.before())) return;
  std::error_code left;  // what fails can still be put back by hand
  for (const fs::path& file : records_of(folder_)) {
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
