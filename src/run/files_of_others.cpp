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

/// What a training says that it wrote.
struct Written {
  std::optional<RunRecord> record;          // nothing: there is none, or it says nothing
  std::optional<WrittenPictures> pictures;  // nothing: of a version that did not say
};

Written written_in(const RunFolder& run) {
  Written written;
  try {
    if (fs::exists(run.run_json())) written.record = read_run_record(run);
    written.pictures = read_written_pictures(run);
  } catch (const Error&) {  // nothing is known of these files
    written.record.reset();
  }
  // A training that has no model yet has written no picture before its list of them.
  if (written.record && !written.pictures && is_without_model(*written.record)) written.pictures.emplace();
  return written;
}

std::vector<fs::path> pictures_not_of(const Written& written, const RunFolder& run, std::size_t first,
                                      std::size_t end) {
  if (written.record && !written.pictures) return {};
  std::vector<fs::path> pictures = test_pictures_in(run.test_pictures());
  std::erase_if(pictures, [&](const fs::path& picture) {
    const std::string name = picture.filename().string();
    const std::size_t number = *RunFolder::test_picture_number(name);
    if (!fs::is_regular_file(picture) || number < first || number >= end) return true;
    return written.record && written.pictures->contains({name, fingerprint_of_file(picture)});
  });
  return pictures;
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

std::uint64_t fingerprint_of_file(const fs::path& file) {
  return hash_of(read_file(file, most_result_bytes));
}

std::vector<fs::path> files_of_others(const RunFolder& run, std::size_t test_pictures) {
  const Written written = written_in(run);
  const std::optional<RunRecord>& record = written.record;
  std::vector<fs::path> others;
  for (const fs::path& model : {run.model(), run.best_model(), run.last_model()}) {
    if (!fs::is_regular_file(model)) continue;
    if (!record || !wrote_model(*record, fingerprint_of_file(model)).value_or(true)) others.push_back(model);
  }
  if (fs::is_regular_file(run.labels()) &&
      (!record || read_file(run.labels(), most_result_bytes) != encode_label_encoder(record->classes))) {
    others.push_back(run.labels());
  }
  std::ranges::copy(pictures_not_of(written, run, 0, test_pictures), std::back_inserter(others));
  return others;
}

std::vector<fs::path> pictures_of_others(const RunFolder& run, std::size_t first, std::size_t end) {
  return pictures_not_of(written_in(run), run, first, end);
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
