#include "bart/record/run_folder.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "bart/platform/error.h"

namespace bart {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view picture_prefix = "pic_", picture_ending = ".jpg";

}  // namespace

std::string RunFolder::test_picture_name(std::size_t i) {
  return fmt::format("{}{}{}", picture_prefix, i, picture_ending);
}

bool RunFolder::is_test_picture(std::string_view name) {
  return name.starts_with(picture_prefix) && name.ends_with(picture_ending);
}

std::optional<std::size_t> RunFolder::test_picture_number(std::string_view name) {
  if (!is_test_picture(name)) return std::nullopt;
  std::size_t number = 0;
  const char* const end = name.data() + name.size() - picture_ending.size();
  const auto [stop, failed] = std::from_chars(name.data() + picture_prefix.size(), end, number);
  if (failed != std::errc() || stop != end) return std::nullopt;
  return number;
}

bool RunFolder::is_checkpoint(std::string_view name) {
  return name.ends_with(checkpoint_ending) &&
         (name.starts_with(checkpoint_prefix) || name.starts_with(earlier_checkpoint_prefix));
}

std::vector<fs::path> RunFolder::result_files() const {
  return {model(), best_model(), last_model(), labels()};
}

std::vector<fs::path> RunFolder::record_files() const {
  return {run_json(),
          run_toml(),
          steps_csv(),
          pictures_csv(),
          history_csv(),
          history_json(),
          report(),
          model_card(),
          test_pictures_csv(),
          augmented_pictures(),
          written_pictures_csv()};
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
