#include "output_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

#include "bart/platform/error.h"
#include "bart/record/run_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// The path without links and dots. The file need not exist.
fs::path real_path(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::weakly_canonical(fs::absolute(path, error), error);
  return error ? path : real;
}

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

bool is_file_of_run(const fs::path& path) {
  const fs::path real = real_path(path), folder = real.parent_path();
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

/// Whether both paths name one file, which is replaced or will be created. Both may name one device.
bool are_one_file(const fs::path& one, const fs::path& other) {
  if (one.empty() || other.empty()) return false;
  if (one == "-" || other == "-") return one == other;
  std::error_code error;
  const fs::file_status status = fs::status(one, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) return false;
  return real_path(one) == real_path(other) || fs::equivalent(one, other, error);
}

}  // namespace

void check_outputs(std::initializer_list<Output> outputs) {
  for (const Output* output = outputs.begin(); output != outputs.end(); ++output) {
    check_can_write(*output);
    for (const Output* other = outputs.begin(); other != output; ++other) {
      if (!are_one_file(output->path, other->path)) continue;
      throw UsageError(fmt::format("{} and {} cannot both write {}", other->flag, output->flag,
                                   output->path == "-" ? "to stdout" : output->path.string()));
    }
    if (output->path.empty() || output->path == "-" || !is_file_of_run(output->path)) continue;
    throw UsageError(fmt::format("{} {} would replace a file of a training: name another file", output->flag,
                                 output->path.string()));
  }
}

}  // namespace bart
