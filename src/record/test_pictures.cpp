#include "bart/record/test_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bart/formats/csv.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/record/picture_hashes.h"
#include "bart/record/run_record.h"

namespace bart {

namespace fs = std::filesystem;

namespace {

/// Throws Error if there are changed files among `count` test pictures.
void refuse_changed(const std::vector<std::string>& changed, std::size_t count, const fs::path& data_folder) {
  if (changed.empty()) return;
  throw Error(
      fmt::format("{} of the {} test pictures in {} are gone or have changed since the training (the "
                  "first: {}): put them back, or name a folder (bart evaluate FOLDER)",
                  changed.size(), count, data_folder.string(), changed.front()));
}

}  // namespace

std::string encode_test_pictures(const fs::path& data_folder, const LoadedPictures& pictures,
                                 const Split& split) {
  if (pictures.files.size() != pictures.size())
    throw Error("the files of the pictures do not fit their labels");
  for (const std::int32_t label : pictures.labels) {
    if (label < 0 || std::cmp_greater_equal(label, pictures.classes.size()))
      throw Error(fmt::format("the label {} is not one of the {} classes", label, pictures.classes.size()));
  }
  std::string csv = "picture,file,bytes,class\n";
  for (std::size_t i = 0; i < split.test.size(); ++i) {
    if (split.test[i] >= pictures.size())
      throw Error(fmt::format("there is no picture {} of {}", split.test[i], pictures.size()));
    const std::string& file = pictures.files[split.test[i]];
    std::error_code gone;  // gone since it was read: recorded_test_pictures() will report it
    const std::uintmax_t bytes = fs::file_size(data_folder / file, gone);
    fmt::format_to(std::back_inserter(csv), "pic_{}.jpg,{},{},{}\n", i, csv_field(file), gone ? 0 : bytes,
                   csv_field(pictures.classes[static_cast<std::size_t>(pictures.labels[split.test[i]])]));
  }
  return csv;
}

Listing recorded_test_pictures(const RunFolder& run, const fs::path& data_folder) {
  const fs::path path = run.test_pictures_csv();
  const std::vector<std::uint8_t> bytes = read_file(path);
  auto rows = csv_rows_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!rows.empty()) rows.erase(rows.begin());  // the column names
  Listing listing{data_folder, {}, {}};
  std::vector<std::string> changed;
  for (const std::vector<std::string>& row : rows) {
    // Files of the first versions do not name the class, which follows from the path.
    const std::size_t slash = row.size() == 3 ? row[1].find('/') : std::string::npos;
    if (row.size() != 4 && slash == std::string::npos) {
      throw Error(fmt::format("{} is not what bart train writes: name a folder (bart evaluate FOLDER)",
                              path.string()));
    }
    const std::string name = row.size() == 4 ? row[3] : row[1].substr(0, slash);
    const auto found = std::ranges::find(listing.classes, name);
    listing.pictures.push_back({row[1], static_cast<std::int32_t>(found - listing.classes.begin())});
    if (found == listing.classes.end()) listing.classes.push_back(name);
    std::error_code error;
    const std::uintmax_t size = fs::file_size(data_folder / row[1], error);
    if (error || std::to_string(size) != row[2]) changed.push_back(row[1]);
  }
  if (listing.pictures.empty()) {
    const std::string folder = run.results().empty() ? "." : run.results().string();
    throw Error(
        fmt::format("{} is empty: the training in {} kept no test pictures; name a folder (bart evaluate "
                    "FOLDER)",
                    path.string(), folder));
  }
  refuse_changed(changed, listing.pictures.size(), data_folder);
  return listing;
}

void check_unchanged(const RunFolder& run, const fs::path& data_folder, const LoadedPictures& pictures) {
  const std::optional<std::vector<RecordedPicture>> recorded = read_recorded_pictures(run);
  if (!recorded) return;
  std::unordered_map<std::string_view, std::uint64_t> hashes;
  for (const RecordedPicture& picture : *recorded) {
    if (picture.part == Part::test) hashes[picture.file] = picture.pixels;
  }
  std::vector<std::string> changed;
  for (std::size_t i = 0; i < pictures.hashes.size(); ++i) {
    const auto before = hashes.find(pictures.files[i]);
    if (before != hashes.end() && before->second != pictures.hashes[i]) changed.push_back(pictures.files[i]);
  }
  refuse_changed(changed, pictures.hashes.size(), data_folder);
}

RecordedTest recorded_test(const RunFolder& run) {
  if (!fs::exists(run.run_json())) {
    throw Error(
        fmt::format("there is no {}, which tells what the model was tested on: name a folder (bart evaluate "
                    "FOLDER), or run where bart train wrote its results",
                    run.run_json().string()));
  }
  const RunRecord record = read_run_record(run);
  return {recorded_test_pictures(run, record.data_folder), !record.settings.ignore_exif, record.unfinished()};
}

}  // namespace bart
