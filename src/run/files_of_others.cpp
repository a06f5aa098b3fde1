#include "files_of_others.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>

#include "bart/formats/joblib.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"
#include "bart/record/run_record.h"
#include "written_files.h"

namespace bart {

namespace fs = std::filesystem;

namespace {

bool is_without_model(const RunRecord& record) {
  return record.unfinished() && record.models.empty();
}

}  // namespace

bool without_model(const RunFolder& run) {
  if (!fs::exists(run.run_json())) return false;
  try {
    return is_without_model(read_run_record(run));
  } catch (const Error&) {
    return false;  // a record that cannot be read is kept, too
  }
}

std::vector<fs::path> test_pictures_in(const fs::path& folder) {
  std::vector<fs::path> pictures = paths_in(folder);
  std::erase_if(pictures, [](const fs::path& picture) {
    return !RunFolder::test_picture_number(picture.filename().string());
  });
  return pictures;
}

std::vector<fs::path> event_files(const RunFolder& run) {
  std::vector<fs::path> files = paths_in(run.record());
  std::erase_if(files, [](const fs::path& file) {
    return !file.filename().string().starts_with(RunFolder::events_prefix) || !fs::is_regular_file(file);
  });
  return files;
}

std::vector<fs::path> files_of_others(const RunFolder& run, std::size_t test_pictures) {
  std::optional<RunRecord> record;
  std::optional<WrittenPictures> written;
  try {
    if (fs::exists(run.run_json())) record = read_run_record(run);
    written = read_written_pictures(run);
  } catch (const Error&) {  // nothing is known of these files
    record.reset();
  }
  // A training that has no model yet has written no picture before its list of them.
  if (record && !written && is_without_model(*record)) written.emplace();
  std::vector<fs::path> others;
  for (const fs::path& model : {run.model(), run.best_model(), run.last_model()}) {
    if (!fs::is_regular_file(model)) continue;
    if (!record || !wrote_model(*record, read_file(model, most_result_bytes)).value_or(true))
      others.push_back(model);
  }
  if (fs::is_regular_file(run.labels()) &&
      (!record || read_file(run.labels(), most_result_bytes) != encode_label_encoder(record->classes))) {
    others.push_back(run.labels());
  }
  for (const fs::path& picture : test_pictures_in(run.test_pictures())) {
    const std::string name = picture.filename().string();
    if (!fs::is_regular_file(picture) || *RunFolder::test_picture_number(name) >= test_pictures) continue;
    if (record && !written) continue;  // of a version that did not say what it wrote
    if (!record || !written->contains({name, hash_of(read_file(picture, most_result_bytes))}))
      others.push_back(picture);
  }
  return others;
}

std::vector<fs::path> unrecorded_files(const RunFolder& run) {
  if (fs::exists(run.run_json())) return {};
  std::vector<fs::path> files = run.record_files();
  std::ranges::copy(event_files(run), std::back_inserter(files));
  for (const fs::path& entry : paths_in(run.record())) {
    if (RunFolder::is_checkpoint(entry.filename().string())) files.push_back(entry);
  }
  std::erase_if(files, [](const fs::path& file) { return !fs::is_regular_file(file); });
  return files;
}

std::vector<fs::path> files_beside(const RunFolder& kept) {
  std::vector<fs::path> names = kept.result_files(), beside;
  for (const std::vector<fs::path>& more : {kept.record_files(), event_files(kept), unrecorded_files(kept)})
    std::ranges::copy(more, std::back_inserter(names));
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

bool is_same_content(const fs::path& one, const fs::path& other) {
  std::error_code none;
  if (!fs::is_regular_file(one, none) || !fs::is_regular_file(other, none)) return false;
  if (fs::equivalent(one, other, none)) return true;
  return fs::file_size(one, none) == fs::file_size(other, none) &&
         read_file(one, most_result_bytes) == read_file(other, most_result_bytes);
}

}  // namespace bart
