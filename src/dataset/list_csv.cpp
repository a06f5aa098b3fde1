#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "bart/dataset/class_names.h"
#include "bart/dataset/listing.h"
#include "bart/pictures/decode.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "class_checks.h"
#include "csv_listing.h"
#include "csv_parts.h"
#include "folder_entries.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;  // of the file: 10 million rows and more
constexpr std::size_t longest_label = 1000;

struct Row {
  std::size_t line = 0;  // where it begins, from 1
  std::vector<std::string> fields;
};

/// The separator that the first line names, if it is "sep=;", with any separator, quoted or not, in any case:
/// programs for tables tell it to each other.
std::optional<char> named_separator(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  while (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > 1 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
  constexpr std::string_view separators = ",;\t|:";
  if (line.size() != 5 || folded(line.substr(0, 4)) != "sep=") return std::nullopt;
  return separators.find(line[4]) != std::string_view::npos ? std::optional(line[4]) : std::nullopt;
}

/// The separator: what the first line says it is, else a comma, or a semicolon or a tab if that line has no
/// comma.
char separator_of(std::string_view text) {
  if (const auto named = named_separator(text)) return *named;
  const std::string_view line = text.substr(0, text.find('\n'));
  for (const char c : {',', ';', '\t'}) {
    if (line.find(c) != std::string_view::npos) return c;
  }
  return ',';
}

constexpr std::string_view ends_with_cr =
    "lines that end with a carriage return alone, as on old Macs, cannot be read: save it with the line ends "
    "of Unix or Windows (in Excel \"CSV UTF-8\")";

/// Reads rows of RFC 4180 one by one; lines may also end with a mere "\n", and spaces around a field that is
/// not quoted, or around its quotes, are no part of it.
class RowReader {
 public:
  explicit RowReader(std::string_view text) : text_(text), separator_(separator_of(text)) {
    if (!named_separator(text)) return;
    at_ = std::min(text.find('\n'), text.size() - 1) + 1;
    ++line_;
  }

  /// The next row that is not blank. Throws Error, a reason without the file's name.
  std::optional<Row> next() {
    while (at_ < text_.size()) {
      Row row{line_, {}};
      do {
        row.fields.push_back(field());
      } while (take(separator_));
      const bool after_cr = take_all('\r');
      if (at_ < text_.size() && !take('\n')) {
        if (after_cr) throw Error(fmt::format("line {}: {}", line_, ends_with_cr));
        throw Error(fmt::format("line {}: after a closing quote there must be a separator", line_));
      }
      ++line_;
      if (row.fields.size() > 1 || !row.fields[0].empty()) return row;
    }
    return std::nullopt;
  }

 private:
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool take_all(char c) {
    const std::size_t first = at_;
    while (take(c)) continue;
    return at_ > first;
  }

  bool is_space(char c) const { return c == ' ' || (c == '\t' && separator_ != '\t'); }

  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  std::string field() {
    skip_spaces();
    if (!take('"')) {
      const std::size_t end = std::min(text_.find_first_of(std::string{separator_, '\n'}, at_), text_.size());
      std::string_view field = text_.substr(at_, end - at_);
      at_ = end;
      const bool last = end == text_.size() || text_[end] == '\n';
      while (last && field.ends_with('\r')) field.remove_suffix(1);
      if (field.find('\r') != std::string_view::npos)
        throw Error(fmt::format("line {}: {}", line_, ends_with_cr));
      while (!field.empty() && is_space(field.back())) field.remove_suffix(1);
      return std::string(field);
    }
    const std::size_t first_line = line_;
    std::string field;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"' && !take('"')) {
        skip_spaces();
        return field;
      }
      if (c == '\n') ++line_;
      field += c;
    }
    throw Error(fmt::format("line {}: a quote is not closed", first_line));
  }

  std::string_view text_;
  char separator_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

constexpr std::array file_names = {"file", "filename", "file_name", "path", "filepath", "image", "picture"};
constexpr std::array label_names = {"label", "class", "class_name", "category", "target"};
constexpr std::array part_names = {"part", "split", "set", "subset"};

constexpr std::size_t none = static_cast<std::size_t>(-1);

struct Columns {
  std::size_t file = 0, label = 1, part = none;
  bool in_header = false;
  Part flagged = Part::none;  // the part column holds truth values, of which the true ones mean this part
};

template <class Names>
std::size_t column_named(const Row& row, const Names& names) {
  for (std::size_t c = 0; c < row.fields.size(); ++c) {
    if (std::ranges::find(names, folded(row.fields[c])) != names.end()) return c;
  }
  return none;
}

/// Throws Error for two columns of one kind: which of them is meant is not known.
template <class Names>
void check_only_one(const Row& row, const Names& names, const char* what) {
  const std::size_t first = column_named(row, names);
  if (first == none) return;
  for (std::size_t c = first + 1; c < row.fields.size(); ++c) {
    if (std::ranges::find(names, folded(row.fields[c])) == names.end()) continue;
    throw Error(fmt::format("line {}: the header names two columns of {}, {} and {}: remove or rename one",
                            row.line, what, row.fields[first], row.fields[c]));
  }
}

/// The columns that the first row names, if it is a header.
Columns columns_of(const Row& row) {
  const std::size_t file = column_named(row, file_names), label = column_named(row, label_names);
  if (file == none || label == none) return {};
  check_only_one(row, file_names, "files");
  check_only_one(row, label_names, "labels");
  check_only_one(row, part_names, "parts of a split");
  return {file, label, column_named(row, part_names), true};
}

/// A column that holds names of parts, more than one of them, and nothing else is the split, whatever it is
/// called; so is a column like is_valid. `warnings` gets a sentence about columns that resemble one. Throws
/// Error for two such columns. `first` is the first row of pictures, `rest` gives the others.
void find_parts(Columns& columns, const std::optional<Row>& header, const Row& first, RowReader rest,
                std::vector<std::string>& warnings) {
  std::vector<PossibleSplit> possible;
  for (std::size_t c = 0; c < std::max(first.fields.size(), header ? header->fields.size() : 0); ++c) {
    if (c == columns.file || c == columns.label) continue;
    const bool named = header && c < header->fields.size() && !header->fields[c].empty();
    possible.push_back({c, named ? header->fields[c] : fmt::to_string(c + 1),
                        named ? flagged_by(header->fields[c]) : Part::none});
  }
  for (std::optional<Row> row = first; row && !possible.empty(); row = rest.next()) {
    std::erase_if(possible, [&](PossibleSplit& one) {
      const std::string field = one.column < row->fields.size() ? row->fields[one.column] : std::string();
      if (one.flagged != Part::none) part_in(field, one.flagged, row->line);
      one.values.insert(field);
      return one.flagged == Part::none && one.values.size() > most_values;
    });
  }
  std::vector<const PossibleSplit*> splits;
  std::vector<std::string> alike;
  for (const PossibleSplit& one : possible) {
    if (is_split(one)) {
      splits.push_back(&one);
    } else if (looks_like_split(one)) {
      alike.push_back(one.name);
    }
  }
  if (splits.size() > 1) {
    throw Error(
        fmt::format("the columns {} and {} both name parts of a split: remove one, or name the one that is "
                    "meant \"split\" in a first row, with train, validation and test in it",
                    splits[0]->column + 1, splits[1]->column + 1));
  }
  if (splits.size() == 1) {
    columns.part = splits.front()->column;
    columns.flagged = splits.front()->flagged;
  }
  if (alike.empty()) return;
  const bool one = alike.size() == 1;
  warnings.push_back(fmt::format(
      "{} {} {} like a split and {} not used: if a split is meant, write train, validation or test into a "
      "column and name it \"split\" in the first row",
      one ? "the column" : "the columns", some_of(alike), one ? "looks" : "look", one ? "is" : "are"));
}

/// Tells whether two rows name one file: a path without detours, relative to the folder of the CSV's paths if
/// it lies there.
class FileKey {
 public:
  explicit FileKey(const fs::path& root) {
    std::error_code gone;
    if (!root.empty()) root_ = (fs::absolute(root, gone).lexically_normal() / "").string();
  }

  std::string operator()(const std::string& file) const {
    std::string key = file;
    if (file.starts_with("./") || file.find("//") != std::string::npos ||
        file.find("/.") != std::string::npos) {
      key = fs::path(file).lexically_normal().string();
    }
    if (!root_.empty() && key.starts_with(root_)) key.erase(0, root_.size());
    return key;
  }

 private:
  std::string root_;  // ends with a slash
};

/// A label before its file would become a file, and each file a class.
void check_order(const Row& row) {
  if (row.fields.size() < 2 || has_picture_extension(row.fields[0]) || !has_picture_extension(row.fields[1]))
    return;
  throw Error(fmt::format(
      "line {}: {} looks like a label, and {} like a file: put the files into the first column, or "
      "name the columns in a first row, label and file",
      row.line, row.fields[0], row.fields[1]));
}

struct NamedPicture {
  std::string file, label;
  Part part = Part::none;
};

NamedPicture picture_of(const Row& row, const Columns& columns) {
  const auto field = [&](std::size_t column) {
    return column < row.fields.size() ? row.fields[column] : std::string();
  };
  NamedPicture picture{field(columns.file), field(columns.label)};
  const auto refuse = [&](const std::string& why) { throw Error(fmt::format("line {}: {}", row.line, why)); };
  if (picture.file.empty()) refuse("it names no picture");
  if (picture.file.find('\0') != std::string::npos)
    refuse("the name of a file cannot hold a zero byte: is this UTF-16? Save it as UTF-8");
  if (picture.label.empty()) {
    refuse(fmt::format("{} has no label: there must be two columns, file and label", picture.file));
  }
  if (picture.label.size() > longest_label) refuse("a label of more than 1000 bytes cannot be used");
  if (picture.label.find('\0') != std::string::npos)
    refuse("a label cannot hold a zero byte: is this UTF-16? Save it as UTF-8");
  if (!is_utf8(picture.label)) refuse("the label is not valid UTF-8");
  if (columns.part != none) picture.part = part_in(field(columns.part), columns.flagged, row.line);
  return picture;
}

struct SeenFile {
  std::size_t line;
  std::string label;
  Part part;
};

/// Without the byte order mark that Excel writes and the mark of the end (Ctrl-Z) that programs for DOS
/// write.
std::string_view without_marks(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.ends_with('\x1A')) text.remove_suffix(1);
  return text;
}

/// R's write.table() writes the names of rows into a first column that its header does not name: they are
/// known by a file in the column after the one that the header calls so.
bool has_unnamed_first_column(const Row& header, const Row& first, const Columns& columns) {
  return first.fields.size() == header.fields.size() + 1 &&
         !has_picture_extension(first.fields[columns.file]) &&
         has_picture_extension(first.fields[columns.file + 1]);
}

/// A header with unknown names would become a picture and a class.
void check_first_row(std::string_view text, const Listing& listing, const fs::path& csv) {
  text = without_marks(text);
  const std::optional<Row> row = RowReader(text).next();
  if (!row || columns_of(*row).in_header || listing.pictures.empty()) return;
  const ListedPicture& first = listing.pictures.front();
  std::error_code error;
  if (fs::path(first.file).has_extension() || fs::exists(listing.folder / first.file, error)) return;
  throw Error(fmt::format(
      "{}: the first row names {}, which is no file: if the row is a header, name its columns file and label "
      "(and split, if there is one)",
      csv.string(), first.file));
}

/// Windows writes such paths; here a backslash is a character of a name.
void check_backslashes(const Listing& listing) {
  for (const ListedPicture& picture : listing.pictures) {
    std::error_code error;
    if (picture.file.find('\\') == std::string::npos || fs::exists(listing.folder / picture.file, error))
      continue;
    throw Error(
        fmt::format("{}: {} is no file: write paths with / instead of \\", source_of(listing), picture.file));
  }
}

/// Through links two names may lead to one file, which would then have two labels.
void check_links(const Listing& listing) {
  std::vector<std::pair<Identity, std::size_t>> files;  // each with the index of its picture
  for (std::size_t i = 0; i < listing.pictures.size(); ++i) {
    if (const auto identity = identity_of(listing.folder / listing.pictures[i].file))
      files.push_back({*identity, i});
  }
  std::ranges::sort(files);
  // Two names of one file that are no links (hard links) are two files, as two copies are.
  std::map<fs::path, std::size_t> places;
  for (std::size_t k = 0; k < files.size(); ++k) {
    const bool as_before = k > 0 && files[k].first == files[k - 1].first;
    if (!as_before) places.clear();
    if (!as_before && (k + 1 == files.size() || files[k].first != files[k + 1].first)) continue;
    const ListedPicture& picture = listing.pictures[files[k].second];
    std::error_code error;
    const fs::path place = fs::canonical(listing.folder / picture.file, error);
    if (error) continue;
    const ListedPicture& first = listing.pictures[places.emplace(place, files[k].second).first->second];
    if (first.label == picture.label && first.part == picture.part) continue;
    throw Error(
        fmt::format("{}: {} and {} lead to one file, and have different labels or parts: remove one of them",
                    source_of(listing), first.file, picture.file));
  }
}

/// Rows without a part beside rows with one may have been forgotten.
void warn_of_rows_without_part(Listing& listing) {
  const auto without = std::ranges::count(listing.pictures, Part::none, &ListedPicture::part);
  if (without == 0 || !has_parts(listing)) return;
  listing.warnings.push_back(
      fmt::format("Rows of {} that name no part of the split: {} of {}. Their pictures are for training",
                  source_of(listing), without, listing.pictures.size()));
}

}  // namespace

Listing listing_of_csv(std::string_view text, const fs::path& root) {
  if (text.starts_with(std::string_view("\xFF\xFE\0\0", 4)) ||
      text.starts_with(std::string_view("\0\0\xFE\xFF", 4))) {
    throw Error("the text is UTF-32: save it as UTF-8 (in Excel \"CSV UTF-8\")");
  }
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    throw Error("the text is UTF-16: save it as UTF-8 (in Excel \"CSV UTF-8\")");
  }
  text = without_marks(text);
  if (text.find('\n') == std::string_view::npos &&
      text.substr(0, text.size() - 1).find('\r') != std::string_view::npos) {
    throw Error(
        "its lines end with a carriage return alone, as on old Macs: save it with the line ends of Unix or "
        "Windows (in Excel \"CSV UTF-8\")");
  }
  Listing listing;
  std::vector<std::string> labels;  // of each picture
  std::unordered_map<std::string, SeenFile> seen;
  RowReader reader(text);
  std::optional<Row> row = reader.next(), header;
  Columns columns = row ? columns_of(*row) : Columns();
  if (columns.in_header) {
    header = std::move(row);
    row = reader.next();
    if (row && has_unnamed_first_column(*header, *row, columns)) {
      header->fields.insert(header->fields.begin(), std::string());
      columns = columns_of(*header);
    }
  } else if (row) {
    check_order(*row);
  }
  if (row && columns.part == none) find_parts(columns, header, *row, reader, listing.warnings);
  const FileKey key(root);
  for (; row; row = reader.next()) {
    NamedPicture picture = picture_of(*row, columns);
    const auto [earlier, fresh] =
        seen.emplace(key(picture.file), SeenFile{row->line, picture.label, picture.part});
    if (!fresh && (earlier->second.label != picture.label || earlier->second.part != picture.part)) {
      throw Error(fmt::format("line {}: {} is named in line {} with another label or part", row->line,
                              picture.file, earlier->second.line));
    }
    if (!fresh) {
      listing.passed_over.push_back({std::move(picture.file), "named twice"});
      continue;
    }
    listing.pictures.push_back({std::move(picture.file), 0, picture.part});
    labels.push_back(std::move(picture.label));
  }
  const std::set<std::string> classes(labels.begin(), labels.end());
  listing.classes.assign(classes.begin(), classes.end());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto place = std::ranges::lower_bound(listing.classes, labels[i]);
    listing.pictures[i].label = static_cast<std::int32_t>(place - listing.classes.begin());
  }
  return listing;
}

Listing list_csv(const fs::path& csv, const fs::path& root, std::size_t fewest_classes) {
  const std::vector<std::uint8_t> bytes = read_file(csv, most_bytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const fs::path folder = !root.empty() ? root : csv.has_parent_path() ? csv.parent_path() : fs::path(".");
  Listing listing;
  try {
    listing = listing_of_csv(text, folder);
  } catch (const Error& why) {
    throw Error(fmt::format("{}: {}", csv.string(), why.what()));
  }
  for (std::string& warning : listing.warnings) warning = fmt::format("{}: {}", csv.string(), warning);
  listing.folder = folder;
  listing.csv = csv;
  check_first_row(text, listing, csv);
  check_backslashes(listing);
  check_links(listing);
  warn_of_rows_without_part(listing);
  check_class_names(listing.classes, csv.string(), listing.warnings);
  check_class_count(listing, fewest_classes, csv.string());
  return listing;
}

}  // namespace bart
