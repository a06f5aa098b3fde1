#include "bart/record/picture_hashes.h"

#include <fmt/format.h>

#include <filesystem>
#include <iterator>
#include <optional>
#include <utility>

#include "bart/formats/csv.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"
#include "bart/record/run_settings.h"

namespace bart {

std::string encode_picture_hashes(const LoadedPictures& pictures, const Split& split) {
  if (pictures.files.size() != pictures.size() || pictures.hashes.size() != pictures.size())
    throw Error("the files and hashes of the pictures do not fit their labels");
  std::string csv = "part,file,pixels,class\n";
  const auto add = [&](const char* part, const std::vector<std::uint32_t>& indices) {
    for (const std::uint32_t i : indices) {
      if (i >= pictures.size()) throw Error(fmt::format("there is no picture {} of {}", i, pictures.size()));
      fmt::format_to(std::back_inserter(csv), "{},{},{:016x},{}\n", part, csv_field(pictures.files[i]),
                     pictures.hashes[i],
                     csv_field(pictures.classes.at(static_cast<std::size_t>(pictures.labels[i]))));
    }
  };
  add("train", split.train);
  add("validation", split.validation);
  add("test", split.test);
  return csv;
}

std::optional<std::vector<RecordedPicture>> read_recorded_pictures(const RunFolder& run) {
  const std::filesystem::path path = run.pictures_csv();
  if (!std::filesystem::exists(path)) return std::nullopt;
  const std::vector<std::uint8_t> bytes = read_file(path);
  auto rows = csv_rows_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!rows.empty()) rows.erase(rows.begin());  // the column names
  std::vector<RecordedPicture> pictures;
  for (std::vector<std::string>& row : rows) {
    // Files of the first versions do not name the class, which follows from the path.
    if (row.size() == 3) row.push_back(row[1].substr(0, row[1].find('/')));
    const Part part = row.size() != 4          ? Part::none
                      : row[0] == "train"      ? Part::train
                      : row[0] == "validation" ? Part::validation
                      : row[0] == "test"       ? Part::test
                                               : Part::none;
    const std::optional<std::uint64_t> hash = part == Part::none ? std::nullopt : hash_in(row[2]);
    if (!hash) throw Error(fmt::format("{} is not what bart train writes", path.string()));
    pictures.push_back({part, std::move(row[1]), *hash, std::move(row[3])});
  }
  return pictures;
}

std::optional<PictureHashes> read_picture_hashes(const RunFolder& run) {
  const std::optional<std::vector<RecordedPicture>> pictures = read_recorded_pictures(run);
  if (!pictures) return std::nullopt;
  PictureHashes hashes;
  for (const RecordedPicture& picture : *pictures) {
    (picture.part == Part::train        ? hashes.train
     : picture.part == Part::validation ? hashes.validation
                                        : hashes.test)
        .push_back(picture.pixels);
  }
  return hashes;
}

std::vector<std::uint64_t> hashes_of_part(const RunFolder& run, Part part) {
  if (part != Part::train && part != Part::validation && part != Part::test)
    throw Error("a training's split has the parts train, validation and test");
  std::optional<PictureHashes> hashes = read_picture_hashes(run);
  if (!hashes) {
    throw SettingError(
        fmt::format(
            "there is no {}, which tells the pictures of a training by their content: {{split}} needs a "
            "model in the folder of its training",
            run.pictures_csv().string()),
        /*usage=*/false);
  }
  std::vector<std::uint64_t>& chosen = part == Part::train        ? hashes->train
                                       : part == Part::validation ? hashes->validation
                                                                  : hashes->test;
  if (chosen.empty()) {
    throw Error(fmt::format("the training in {} had no {} pictures", run.record().string(), name_of(part)));
  }
  return std::move(chosen);
}

}  // namespace bart
