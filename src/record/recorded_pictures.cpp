#include "bart/record/recorded_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "bart/formats/csv.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"

namespace bart {

std::string encode_recorded_pictures(const LoadedPictures& pictures, const Split& split) {
  std::string csv = "file,class,part,fingerprint\n";
  for (const auto& [side, part] :
       {std::pair(&split.train, Part::train), std::pair(&split.validation, Part::validation),
        std::pair(&split.test, Part::test)}) {
    for (const std::uint32_t i : *side) {
      fmt::format_to(std::back_inserter(csv), "{},{},{},{:016x}\n", csv_field(pictures.files[i]),
                     csv_field(pictures.classes[static_cast<std::size_t>(pictures.labels[i])]), name_of(part),
                     pictures.hashes[i]);
    }
  }
  return csv;
}

RecordedPictures read_recorded_pictures(const RunFolder& run) {
  const std::vector<std::uint8_t> bytes = read_file(run.pictures_csv());
  const auto rows = csv_rows_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  RecordedPictures recorded;
  for (std::size_t i = 1; i < rows.size(); ++i) {  // after the heading
    const std::vector<std::string>& row = rows[i];
    std::uint64_t fingerprint = 0;
    const bool whole = row.size() == 4;
    const std::string text = whole ? row[3] : "";
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), fingerprint, 16);
    const Part part = whole ? part_named(row[2]) : Part::none;
    if (error != std::errc() || end != text.data() + text.size() || part == Part::none) {
      throw Error(
          fmt::format("{} is not what bart train writes: line {}", run.pictures_csv().string(), i + 1));
    }
    auto& side = part == Part::train        ? recorded.train
                 : part == Part::validation ? recorded.validation
                                            : recorded.test;
    side.insert(fingerprint);
  }
  return recorded;
}

std::size_t trained_on(const RecordedPictures& recorded, const LoadedPictures& pictures) {
  return static_cast<std::size_t>(std::ranges::count_if(
      pictures.hashes, [&](std::uint64_t hash) { return recorded.train.contains(hash); }));
}

}  // namespace bart
