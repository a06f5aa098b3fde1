#include "bart/record/file_of_run.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <vector>

#include "bart/record/run_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

/// Whether bart train writes a file of this name into bart-run/.
bool is_name_of_record(const std::string& name) {
  const std::vector<fs::path> files = RunFolder("", "").record_files();
  return std::ranges::find(files, fs::path(name)) != files.end() || name == "lock" ||
         name.starts_with(RunFolder::checkpoint_prefix) ||
         name.starts_with(RunFolder::earlier_checkpoint_prefix) || name.starts_with("events.");
}

}  // namespace

bool is_file_of_run(const fs::path& real) {
  const fs::path folder = real.parent_path();
  const std::string name = real.filename().string();
  if (is_there(folder / RunFolder::run_json_name) && is_name_of_record(name)) return true;
  if (!is_there(real)) return false;
  // bart-run/earlier/ holds the model and the record.
  if (is_there(RunFolder(folder).run_json()) || is_there(folder / RunFolder::run_json_name)) {
    const std::vector<fs::path> files = RunFolder(folder).result_files();
    if (std::ranges::find(files, folder / name) != files.end()) return true;
  }
  return folder.filename() == RunFolder::test_pictures_name && name.starts_with("pic_") &&
         is_there(RunFolder(folder.parent_path()).run_json());
}

}  // namespace bart
