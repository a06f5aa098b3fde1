#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bart/dataset/find_pictures.h"

namespace bart {

/// The part of a split that a data set itself assigns a picture to.
enum class Part : std::uint8_t {
  none,  // the data set says nothing: a split decides
  train,
  validation,
  test,
};

/// "train", "validation", "test"; "" for none.
std::string_view name_of(Part part);

/// The part that a folder of this name stands for, in any case: `train`, `training`; `val`, `valid`,
/// `validation`; `test`, `testing`. Part::none for any other name.
Part part_named(std::string_view name);

/// One picture file of a data set.
struct ListedPicture {
  std::string file;    // relative to Listing::folder, with "/" between folders: "class/name"
  std::int32_t label;  // index into Listing::classes
  Part part = Part::none;
};

/// A data set as found on disk. Every class has a picture.
struct Listing {
  std::filesystem::path folder;
  std::vector<std::string> classes;  // in code point order (Python's sorted())
  std::vector<ListedPicture> pictures;
  std::vector<PassedOver> passed_over = {};  // relative to `folder`, in the order in which they were found
  /// What the user should know before training on it, a sentence each: an empty class folder, a folder that
  /// cannot be read, two names that look alike, a class that a part has no picture of.
  std::vector<std::string> warnings = {};
  std::filesystem::path csv = {};  // the file that names the pictures; empty: they were found in `folder`
  std::vector<std::filesystem::path> part_tables = {};  // the CSV files of parts that add_part() added
  bool validation_added = false;   // by add_part(): without test pictures those for validation are not both
  bool validation_chosen = false;  // a share of the training pictures will be for validation
};

/// What the user named, for sentences: the CSV or the folder.
std::string source_of(const Listing& listing);

/// Lists `folder`, in which each sub-folder is a class and each picture below it, at any depth, is a picture
/// of that class. Classes are in code point order, the pictures of a class in the code point order of their
/// path below the class folder: for flat class folders the order of the original, for nested ones that of
/// Python's `sorted(str(p.relative_to(c)) for p in c.rglob("*") if p.is_file())`. What is passed over: see
/// find_pictures(); here also files beside the class folders, and links to files that are pictures of another
/// class or part, with a warning.
///
/// Where the sub-folders are named like parts of a split (part_named()) and hold one folder per class,
/// `folder` is read as `folder/part/class/…`: the pictures of train, validation and test in this order, each
/// part ordered as above; `ListedPicture::part` says which. A part whose pictures lie in no class folder is
/// passed over with a warning; so is any other folder of pictures without folders, also beside a train alone
/// that holds two class folders and more, and so are other folders without pictures. Classes of validation
/// and test must be classes of train, where there is a train; names are compared in composed form. To use one
/// part alone, erase the pictures of the others.
///
/// A class folder without pictures is not a class, and gives a warning. Throws Error when the folder is
/// missing or unreadable, when fewer than `fewest_classes` (1 or 2) classes have pictures, when two class
/// folders have the same name in Unicode's composed and decomposed forms, or when a name is not valid UTF-8.
/// A warning says that class folders look like parts of a split under other names, or hold the parts of one:
/// that they hold folders, of the same names or under a name like "train_set", and few pictures themselves.
/// Throws Error when a class folder holds folders of the names of all the others, or when all class folders
/// are unpacked archives of one data set: "seg_train/seg_train/class", "data-001/data/class".
Listing list_folder(const std::filesystem::path& folder, std::size_t fewest_classes = 2);

/// Lists the pictures that a CSV file names, in its order; classes are the labels in code point order. A
/// first row that names columns is a header: the picture (`file`, `filename`, `file_name`, `path`,
/// `filepath`, `image`, `picture`), the label (`label`, `class`, `class_name`, `category`, `target`), and,
/// where it is there, the part (`part`, `split`, `set`, `subset`: names as for part_named(), or nothing; a
/// warning says how many rows name none while others do). Without it, a column of nothing but names of parts,
/// more than one of them, is the part, and so is a column of yes and no whose name says the part of those
/// with yes (`is_valid`, `is_test`, …); a warning names other columns that look like one. Without a header
/// the columns are file and label. Separated by commas, semicolons or tabs, or by what a first line such as
/// "sep=|" names; quoted as RFC 4180 says. Relative paths start at `root`, or, where that is empty, at the
/// folder of the CSV file; it is Listing::folder.
///
/// A row that repeats an earlier one is passed over. Throws Error, with the line, for a row without a file
/// or label, for what names no part where a part must be, for a file with two labels or parts (also under two
/// paths, through links), for two columns of one kind, for a label before its file without a header, for a
/// zero byte, for UTF-16, for lines that end with CR alone, for a path with backslashes that is no file, and
/// as list_folder() for too few classes and bad names.
Listing list_csv(const std::filesystem::path& csv, const std::filesystem::path& root = {},
                 std::size_t fewest_classes = 2);

/// The data set at `path`: list_csv() for a file that ends with .csv or .tsv, else list_folder(). All
/// commands call this for the data that the user names.
Listing list_data(const std::filesystem::path& path, std::size_t fewest_classes = 2);

/// Adds the pictures of another data set to `listing` as its part `part` (validation or test), for data sets
/// whose parts lie in folders of their own. Their files are named relative to `listing.folder`
/// ("../holdout/cat/1.jpg"). Pictures that links make pictures of `listing`, too, are passed over with a
/// warning. Throws Error when `listing` has such a part already, when `added` is itself
/// split into several parts, when it has classes that `listing` has not, or when links make all of its
/// pictures those of `listing`; the sentence says which. Classes that it has no picture of are a warning.
void add_part(Listing& listing, const Listing& added, Part part);

/// Whether the data set itself says which pictures are for validation or testing.
bool has_parts(const Listing& listing);

/// Whether it says which pictures are for testing, so that none are chosen: those of the test part, or,
/// without one, those of a validation part that was not added by add_part().
bool has_test_pictures(const Listing& listing);

/// All files that reading the data set reads: the pictures and the CSV files that name them.
std::vector<std::filesystem::path> paths_of(const Listing& listing);

/// Throws Error when the label of a picture is not an index of a class. For functions that take a listing
/// from a caller.
void check_labels(const Listing& listing);

/// "The data set comes with its own split: 300 pictures for training, 50 for testing". Empty if no picture
/// belongs to a part for validation or testing.
std::string parts_sentence(const Listing& listing);

}  // namespace bart
