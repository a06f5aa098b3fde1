#include "read_probabilities.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "bart/dataset/class_names.h"
#include "bart/formats/csv.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"

namespace bart {

ReadProbabilities read_probabilities(const std::filesystem::path& path,
                                     const std::vector<std::string>& classes) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  const auto rows = csv_rows_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (rows.empty() || rows[0].size() < 3 || rows[0][0] != "file" || rows[0][1] != "label") {
    throw Error(fmt::format("{} is not what bart audit writes: it begins with the columns file and label",
                            path.string()));
  }
  // A class may have the name of that column, too.
  const bool hashed = rows[0][2] == bytes_hash_column && rows[0].size() == classes.size() + 3;
  const std::size_t first = hashed ? 3 : 2;
  const auto places = places_of_same_classes(std::span(rows[0]).subspan(first), classes);
  if (!places) {
    throw Error(fmt::format("the classes of {} are not those of the data set", path.string()));
  }
  ReadProbabilities read;
  std::set<std::string> seen;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto wrong = [&](const std::string& what) {
      return Error(fmt::format("{}, row {}: {}", path.string(), i + 1, what));
    };
    if (rows[i].size() != rows[0].size()) {
      throw wrong(fmt::format("{} columns instead of {}", rows[i].size(), rows[0].size()));
    }
    if (!seen.insert(rows[i][0]).second) throw wrong(fmt::format("{} is there twice", rows[i][0]));
    read.files.push_back(rows[i][0]);
    read.labels.push_back(rows[i][1]);
    if (hashed) {
      const std::optional<std::uint64_t> hash = hash_in(rows[i][2]);
      if (!hash) throw wrong(fmt::format("{} is not the hash of a file, 16 hexadecimal digits", rows[i][2]));
      read.hashes.push_back(*hash);
    }
    double sum = 0;
    for (const std::size_t place : *places) {
      const std::string& text = rows[i][first + place];
      double value = -1;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= 1)) {
        throw wrong(fmt::format("{} is not a probability from 0 to 1", text));
      }
      read.probabilities.push_back(value);
      sum += value;
    }
    if (!(sum > 0.99 && sum < 1.01))
      throw wrong(fmt::format("the probabilities add up to {}, not to 1", sum));
  }
  return read;
}

}  // namespace bart
