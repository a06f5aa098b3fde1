#include "bart/record/file_of_run.h"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

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
  const RunFolder run("", "");
  const std::array files = {run.run_json(),
                            run.run_toml(),
                            run.steps_csv(),
                            run.pictures_csv(),
                            run.history_csv(),
                            run.test_pictures_csv(),
                            run.history_json(),
                            run.report(),
                            run.augmented_pictures(),
                            fs::path("lock"),
                            fs::path("inference_images.csv")};
  return std::ranges::find(files, fs::path(name)) != files.end() || name.starts_with("checkpoint-") ||
         name.starts_with("earlier-") || name.starts_with("events.");
}

}  // namespace

bool is_file_of_run(const fs::path& real) {
  const fs::path folder = real.parent_path();
  const std::string name = real.filename().string();
  if (is_there(folder / "run.json") && is_name_of_record(name)) return true;
  if (!is_there(real)) return false;
  // bart-run/earlier/ holds the model and the record.
  if (is_there(RunFolder(folder).run_json()) || is_there(folder / "run.json")) {
    const RunFolder run(folder);
    for (const fs::path& file : {run.model(), run.best_model(), run.last_model(), run.labels()}) {
      if (name == file.filename()) return true;
    }
  }
  return folder.filename() == RunFolder::test_pictures_name && name.starts_with("pic_") &&
         is_there(RunFolder(folder.parent_path()).run_json());
}

}  // namespace bart
