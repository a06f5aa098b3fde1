#include "bart/record/run_folder.h"

#include <fmt/format.h>

#include "bart/platform/error.h"

namespace bart {

namespace fs = std::filesystem;

std::string RunFolder::test_picture_name(std::size_t i) {
  return fmt::format("pic_{}.jpg", i);
}

bool RunFolder::is_test_picture(std::string_view name) {
  return name.starts_with("pic_") && name.ends_with(".jpg");
}

RunFolder find_run(const fs::path& path) {
  if (const RunFolder run(path); fs::exists(run.run_json())) return run;
  if (fs::exists(path / RunFolder::run_json_name)) {
    if (fs::exists(path / RunFolder::model_name)) return {path, path};        // bart-run/earlier
    const fs::path record = path.has_filename() ? path : path.parent_path();  // without a slash at the end
    const fs::path name = record.filename();
    if (name.empty() || name == "." || name == "..") return {record / "..", record};
    return {record.has_parent_path() ? record.parent_path() : fs::path("."), record};
  }
  throw Error(fmt::format("{} holds no training: name the folder that bart train wrote its results into",
                          path.string()));
}

}  // namespace bart
