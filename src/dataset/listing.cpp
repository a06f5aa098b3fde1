#include "bart/dataset/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "bart/dataset/class_names.h"
#include "bart/pictures/decode.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "class_checks.h"
#include "folder_entries.h"
#include "layout_checks.h"
#include "links_between.h"
#include "part_words.h"
#include "search.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// A sub-folder, or a link to a folder.
struct SubFolder {
  std::string name;
  bool link = false;
};

/// The sub-folders of a folder; whatever else lies in it is passed over.
struct SubFolders {
  std::vector<SubFolder> folders;
  std::vector<PassedOver> passed_over;
  std::size_t pictures_beside = 0;
  std::size_t files_beside = 0;  // with those of unknown endings
};

/// entries_of() for a folder within a data set, whose errors say what to do.
std::vector<FolderEntry> entries_within(const fs::path& folder, const std::string& prefix) {
  try {
    return entries_of(folder / prefix);
  } catch (const Error& error) {
    throw Error(
        fmt::format("{}: make it readable{}", error.what(),
                    prefix.empty() ? std::string() : fmt::format(", or move it out of {}", folder.string())));
  }
}

SubFolders sub_folders_of(const fs::path& folder, const std::string& prefix) {
  SubFolders result;
  for (FolderEntry& entry : entries_within(folder, prefix)) {
    const bool is_folder = entry.type == fs::file_type::directory;
    if (const auto why = why_passed_over(entry.name, is_folder)) {
      result.passed_over.push_back({prefix + entry.name + (is_folder ? "/" : ""), std::string(*why)});
    } else if (is_folder) {
      result.folders.push_back({std::move(entry.name), entry.link});
    } else {
      result.passed_over.push_back({prefix + entry.name, "beside the class folders"});
      result.pictures_beside += has_picture_extension(entry.name);
      ++result.files_beside;
    }
  }
  return result;
}

template <class T>
void append(std::vector<T>& to, std::vector<T> from) {
  std::ranges::move(from, std::back_inserter(to));
}

/// What each folder of a data set holds, by its path within the data set; nothing for one that is or leads to
/// another one.
using Contents = std::map<std::string, std::optional<FoundPictures>>;

/// Adds the folders to those that are searched.
void add_folders(std::vector<std::string>& paths, std::vector<SearchedFolder>& searched,
                 const fs::path& folder, const std::string& prefix, const std::vector<SubFolder>& added,
                 bool link) {
  for (const SubFolder& one : added) {
    paths.push_back(prefix + one.name);
    searched.push_back({folder / paths.back(), link || one.link});
  }
}

Contents contents_of(const fs::path& data_set, const std::vector<std::string>& paths,
                     std::vector<SearchedFolder> searched, std::vector<std::string>& warnings) {
  std::vector<std::optional<FoundPictures>> found = find_pictures_of(data_set, std::move(searched), warnings);
  Contents contents;
  for (std::size_t i = 0; i < paths.size(); ++i) contents[paths[i]] = std::move(found[i]);
  return contents;
}

/// One folder per class in `folder / prefix`; the files' names begin with `prefix`.
Listing list_classes(const fs::path& folder, const std::string& prefix, SubFolders sub_folders,
                     Contents& contents, Part part) {
  Listing listing{folder, {}, {}, std::move(sub_folders.passed_over), {}};
  if (sub_folders.pictures_beside > 0) {
    listing.warnings.push_back(fmt::format("{} beside the class folders in {} {} to no class and {} not used",
                                           counted(sub_folders.pictures_beside, "picture", "pictures"),
                                           (folder / prefix).string(),
                                           sub_folders.pictures_beside == 1 ? "belongs" : "belong",
                                           sub_folders.pictures_beside == 1 ? "is" : "are"));
  }
  for (const SubFolder& sub_folder : sub_folders.folders) {
    const std::string& name = sub_folder.name;
    const fs::path path = folder / (prefix + name);
    if (!is_utf8(name)) {
      throw Error(
          fmt::format("the name of the class folder {} is not valid UTF-8: rename it", path.string()));
    }
    std::optional<FoundPictures>& found = contents.at(prefix + name);
    if (!found) {
      listing.passed_over.push_back({prefix + name + "/", "links to a folder that was visited"});
      continue;
    }
    append(listing.warnings, std::move(found->warnings));
    for (PassedOver& one : found->passed_over) {
      listing.passed_over.push_back({prefix + name + "/" + one.path, std::move(one.reason)});
    }
    if (found->files.empty()) {
      listing.warnings.push_back(
          fmt::format("The class folder {} holds no picture: it is not used as a class", path.string()));
      continue;
    }
    const auto label = static_cast<std::int32_t>(listing.classes.size());
    listing.classes.push_back(name);
    for (const std::string& file : found->files) {
      listing.pictures.push_back({prefix + name + "/" + file, label, part});
    }
  }
  check_class_names(listing.classes, (folder / prefix).string(), listing.warnings);
  check_layout(listing, prefix);
  return listing;
}

Listing list_class_folders(const fs::path& folder, SubFolders root) {
  std::vector<std::string> paths, warnings;
  std::vector<SearchedFolder> searched;
  add_folders(paths, searched, folder, "", root.folders, false);
  Contents contents = contents_of(folder, paths, std::move(searched), warnings);
  Listing listing = list_classes(folder, "", std::move(root), contents, Part::none);
  append(listing.warnings, std::move(warnings));
  return listing;
}

/// A part of a split: "folder/train" and its contents.
struct PartFolder {
  std::string name;
  Part part;
  bool link;
  SubFolders inner;
  bool holds_classes() const { return !inner.folders.empty(); }
};

/// The sub-folders of the root; those that are named like parts of a split are kept separately.
struct Parts {
  std::vector<PartFolder> folders;
  std::vector<SubFolder> flat;  // pictures without class folders, of no part
  std::vector<SubFolder> others;
};

/// Whether a class folder of a part has this name.
bool is_class_of(const Parts& parts, const std::string& name) {
  return std::ranges::any_of(parts.folders, [&](const PartFolder& part) {
    return std::ranges::find(part.inner.folders, name, &SubFolder::name) != part.inner.folders.end();
  });
}

bool holds_pictures(const fs::path& folder) {
  try {
    return !find_pictures(folder, /*recursive=*/true).files.empty();
  } catch (const Error&) {
    return true;  // is refused when it is searched as a class folder
  }
}

/// Whether the only folder that is named like a part is the one for training, beside folders that cannot be
/// classes of the same kind: it holds class folders, and they hold pictures in no folders or none at all. Two
/// of them that are named neither like parts nor as unlabelled pictures are classes: a "bus" and a "car".
bool is_train_beside_flat(const fs::path& folder, const Parts& parts) {
  const PartFolder& only = parts.folders.front();
  if (only.part != Part::train || only.inner.folders.size() < 2 ||
      only.inner.pictures_beside >= only.inner.folders.size())
    return false;
  const auto has_pictures = [&](const SubFolder& one) { return holds_pictures(folder / one.name); };
  if (std::ranges::any_of(parts.others, has_pictures)) return false;
  const auto like_classes = std::ranges::count_if(parts.flat, [&](const SubFolder& one) {
    return part_resembled(one.name) == Part::none && !is_named_unlabelled(one.name) && has_pictures(one);
  });
  return like_classes < 2;
}

Parts parts_of(const fs::path& folder, const std::vector<SubFolder>& sub_folders) {
  Parts parts;
  for (const SubFolder& one : sub_folders) {
    if (part_named(one.name) == Part::none) {
      parts.others.push_back(one);
    } else {
      parts.folders.push_back({one.name, part_named(one.name), one.link, {}});
    }
  }
  if (parts.folders.empty()) return {};
  for (PartFolder& one : parts.folders) one.inner = sub_folders_of(folder, one.name + "/");
  std::erase_if(parts.others, [&](const SubFolder& one) {
    if (is_class_of(parts, one.name)) return false;
    const SubFolders inner = sub_folders_of(folder, one.name + "/");
    const bool flat = inner.folders.empty() && inner.files_beside > 0;
    if (flat) parts.flat.push_back(one);
    return flat;
  });
  // A single such folder among others is a class: a "train" beside a "bus".
  const bool alone = parts.others.empty() && parts.flat.empty();
  if (!alone && parts.folders.size() < 2 && !is_train_beside_flat(folder, parts)) return {};
  return parts;
}

/// Whether the folders are parts of a split, with one folder per class in each of them, or at least in the
/// one for training if pictures for testing have no classes.
bool are_parts(const Parts& parts) {
  const auto train = std::ranges::find(parts.folders, Part::train, &PartFolder::part);
  if (train != parts.folders.end()) return train->holds_classes();
  return !parts.folders.empty() && std::ranges::all_of(parts.folders, &PartFolder::holds_classes);
}

/// "train, test".
std::string names_of(const std::vector<PartFolder>& folders) {
  std::vector<std::string> names;
  for (const PartFolder& one : folders) names.push_back(one.name);
  return some_of(names);
}

Listing list_parts(const fs::path& folder, Parts parts, SubFolders root) {
  std::vector<PartFolder>& folders = parts.folders;
  std::ranges::stable_sort(folders, {}, &PartFolder::part);
  for (std::size_t k = 1; k < folders.size(); ++k) {
    if (folders[k].part == folders[k - 1].part) {
      throw Error(
          fmt::format("the data folder {} holds two folders of {} pictures, {} and {}: merge or rename one",
                      folder.string(), name_of(folders[k].part), folders[k - 1].name, folders[k].name));
    }
  }
  Listing listing{folder, {}, {}, std::move(root.passed_over), {}};
  std::vector<std::string> paths;
  std::vector<SearchedFolder> searched;
  for (const PartFolder& one : folders) {
    add_folders(paths, searched, folder, one.name + "/", one.inner.folders, one.link);
  }
  add_folders(paths, searched, folder, "", parts.others, false);
  Contents contents = contents_of(folder, paths, std::move(searched), listing.warnings);
  for (const auto& [name, link] : parts.others) {
    if (const auto& found = contents.at(name); found && !found->files.empty()) {
      throw Error(
          fmt::format("the data folder {} holds parts of a split, {}, and pictures in {}, which is none: "
                      "name it train, val or test if it is one, else move it elsewhere",
                      folder.string(), names_of(folders), name));
    }
    listing.passed_over.push_back({name + "/", "beside the parts of the split"});
  }
  std::vector<std::string> flat;
  for (const SubFolder& one : parts.flat) {
    listing.passed_over.push_back({one.name + "/", "beside the parts of the split"});
    flat.push_back(one.name);
  }
  if (!flat.empty()) {
    listing.warnings.push_back(fmt::format(
        "{} in {} {} pictures in no class folders and {} not used, because {} there {} a split: if "
        "{} a class, rename it",
        some_of(flat), folder.string(), flat.size() == 1 ? "holds" : "hold", flat.size() == 1 ? "is" : "are",
        names_of(folders), folders.size() == 1 ? "is the training part of" : "are the parts of",
        folders.size() == 1 ? folders[0].name + " is" : "one of these is"));
  }
  for (PartFolder& one : folders) {
    const fs::path path = folder / one.name;
    if (!one.holds_classes()) {
      listing.passed_over.push_back({one.name + "/", "without class folders"});
      listing.warnings.push_back(fmt::format("{} holds no class folders: it is not used", path.string()));
      continue;
    }
    Listing part = list_classes(folder, one.name + "/", std::move(one.inner), contents, one.part);
    if (listing.pictures.empty()) {
      listing.classes = std::move(part.classes);
    } else {
      merge_classes(listing, part, path.string(), listing.pictures.front().part == Part::train);
    }
    append(listing.pictures, std::move(part.pictures));
    append(listing.passed_over, std::move(part.passed_over));
    append(listing.warnings, std::move(part.warnings));
  }
  return listing;
}

void check_folder(const fs::path& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) {
    throw Error(
        fmt::format("the data folder {} does not exist: name a folder that holds one folder of pictures "
                    "for each class",
                    folder.string()));
  }
  if (error) throw Error(fmt::format("cannot read the folder {}: {}", folder.string(), error.message()));
  if (!fs::is_directory(status)) {
    throw Error(fmt::format(
        "{} is not a folder: name a folder that holds one folder of pictures for each class, or a .csv file "
        "that names pictures and their classes",
        folder.string()));
  }
}

/// A hint about the folders inside the only class folder, which may be the classes that were meant.
std::string inner_classes(const fs::path& folder, const std::string& only) {
  const std::size_t inner = sub_folders_of(folder, only + "/").folders.size();
  if (inner < 2) return {};
  return fmt::format(" (it holds {} folders: name {} if these are the classes)", inner,
                     (folder / only).string());
}

}  // namespace

std::string_view name_of(Part part) {
  switch (part) {
    case Part::train:
      return "train";
    case Part::validation:
      return "validation";
    case Part::test:
      return "test";
    case Part::none:
      break;
  }
  return "";
}

Part part_named(std::string_view name) {
  const std::string lower = folded(name);
  if (lower == "train" || lower == "training") return Part::train;
  if (lower == "val" || lower == "valid" || lower == "validation") return Part::validation;
  if (lower == "test" || lower == "testing") return Part::test;
  return Part::none;
}

Listing list_folder(const fs::path& folder, std::size_t fewest_classes) {
  check_folder(folder);
  SubFolders root = sub_folders_of(folder, "");
  if (root.folders.empty()) {
    throw Error(
        fmt::format("the data folder {} holds no class folder: it must hold one folder of pictures for "
                    "each class",
                    folder.string()));
  }
  const std::vector<SubFolder> sub_folders = root.folders;
  Parts parts = parts_of(folder, sub_folders);
  const bool split = are_parts(parts);
  Listing listing = split ? list_parts(folder, std::move(parts), std::move(root))
                          : list_class_folders(folder, std::move(root));
  if (!split && parts.folders.size() > 1) {
    listing.warnings.push_back(fmt::format(
        "{} and {} in {} are read as classes: as parts of a split they would hold one folder for each class",
        parts.folders[0].name, parts.folders[1].name, folder.string()));
  }
  const std::string hint =
      sub_folders.size() == 1 && !split ? inner_classes(folder, sub_folders[0].name) : "";
  check_class_count(listing, fewest_classes, "the data folder " + folder.string(), hint);
  return listing;
}

Listing list_data(const fs::path& path, std::size_t fewest_classes) {
  const std::string ending = folded(path.extension().string());
  const bool table = ending == ".csv" || ending == ".tsv";
  std::error_code none;
  return table && !fs::is_directory(path, none) ? list_csv(path, {}, fewest_classes)
                                                : list_folder(path, fewest_classes);
}

void add_part(Listing& listing, const Listing& added, Part part) {
  check_labels(listing);
  check_labels(added);
  const std::string where = source_of(added);
  if (part != Part::validation && part != Part::test) {
    throw Error("only validation and test pictures can be added to a data set");
  }
  if (std::ranges::find(listing.pictures, part, &ListedPicture::part) != listing.pictures.end()) {
    throw Error(fmt::format("{} has {} pictures of its own: those of {} cannot be added", source_of(listing),
                            name_of(part), where));
  }
  for (const ListedPicture& picture : added.pictures) {
    if (picture.part != Part::none && picture.part != added.pictures.front().part) {
      throw Error(fmt::format("{} is split into parts itself: name {} of its {} part alone", where,
                              added.csv.empty() ? "the folder" : "a CSV", name_of(part)));
    }
  }
  Listing moved = added;
  pass_over_links_between(listing, moved, where);
  merge_classes(listing, moved, where, true);
  std::error_code error;
  const fs::path from = fs::proximate(added.folder, listing.folder.empty() ? "." : listing.folder, error);
  if (error) throw Error(fmt::format("cannot read the folder {}: {}", where, error.message()));
  for (ListedPicture& picture : moved.pictures) {
    listing.pictures.push_back({(from / picture.file).string(), picture.label, part});
  }
  for (PassedOver& one : moved.passed_over) {
    listing.passed_over.push_back({(from / one.path).string(), std::move(one.reason)});
  }
  append(listing.warnings, std::move(moved.warnings));
  if (!moved.csv.empty()) listing.part_tables.push_back(std::move(moved.csv));
  if (part == Part::validation) listing.validation_added = true;
}

std::vector<fs::path> paths_of(const Listing& listing) {
  std::vector<fs::path> files = listing.part_tables;
  if (!listing.csv.empty()) files.push_back(listing.csv);
  for (const ListedPicture& picture : listing.pictures) files.push_back(listing.folder / picture.file);
  return files;
}

bool has_parts(const Listing& listing) {
  return std::ranges::any_of(listing.pictures, [](const ListedPicture& picture) {
    return picture.part == Part::validation || picture.part == Part::test;
  });
}

bool has_test_pictures(const Listing& listing) {
  return std::ranges::any_of(listing.pictures, [&](const ListedPicture& picture) {
    return picture.part == Part::test || (picture.part == Part::validation && !listing.validation_added);
  });
}

std::string source_of(const Listing& listing) {
  return listing.csv.empty() ? listing.folder.string() : listing.csv.string();
}

void check_labels(const Listing& listing) {
  for (const ListedPicture& picture : listing.pictures) {
    if (picture.label >= 0 && static_cast<std::size_t>(picture.label) < listing.classes.size()) continue;
    throw Error(fmt::format("{} has the label {}, and there are {} classes", picture.file, picture.label,
                            listing.classes.size()));
  }
}

std::string parts_sentence(const Listing& listing) {
  std::map<Part, std::size_t> counts;
  for (const ListedPicture& picture : listing.pictures) ++counts[picture.part];
  if (counts[Part::validation] == 0 && counts[Part::test] == 0) return {};
  if (!has_test_pictures(listing)) {
    return fmt::format("The validation pictures are given: {} for training and testing, {} for validation",
                       counted(counts[Part::none] + counts[Part::train], "picture", "pictures"),
                       with_commas(counts[Part::validation]));
  }
  // Without test pictures those for validation are both, unless others are chosen for validation.
  if (listing.validation_chosen && counts[Part::test] == 0)
    std::swap(counts[Part::test], counts[Part::validation]);
  const bool chosen = listing.validation_chosen && counts[Part::validation] == 0;
  std::string sentence = fmt::format("The data set comes with its own split: {} for training{}",
                                     counted(counts[Part::none] + counts[Part::train], "picture", "pictures"),
                                     chosen ? " and validation" : "");
  if (counts[Part::validation] > 0)
    sentence += fmt::format(", {} for validation", with_commas(counts[Part::validation]));
  if (counts[Part::test] == 0) sentence += ", which are the test pictures too";
  if (counts[Part::test] > 0) sentence += fmt::format(", {} for testing", with_commas(counts[Part::test]));
  return sentence;
}

}  // namespace bart
