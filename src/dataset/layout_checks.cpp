#include "layout_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "bart/dataset/class_names.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "part_words.h"

namespace bart {
namespace {

using Names = std::set<std::string>;

/// How the pictures lie in a folder.
struct Layer {
  std::size_t loose = 0;  // pictures in the folder itself
  Names folders;          // with pictures in them

  /// Some pictures beside the folders, such as a cover, do not make a folder of folders a flat one.
  bool mostly_folders(std::size_t pictures) const { return !folders.empty() && 2 * loose < pictures; }
};

Layer layer_of(const std::vector<std::string_view>& paths) {
  Layer layer;
  for (const std::string_view path : paths) {
    const std::size_t end = path.find('/');
    if (end == std::string_view::npos) {
      ++layer.loose;
    } else {
      layer.folders.emplace(path.substr(0, end));
    }
  }
  return layer;
}

struct ClassFolder {
  std::string name;
  std::string path;     // beside the other class folders: the first below `name` with more than one folder
  std::string wrapped;  // the only folder in the class folder, if it holds folders itself; else empty
  Layer layer;          // of the folder at `path`
  bool nested = false;  // most of its pictures lie in folders
};

ClassFolder class_folder_of(const std::string& name, std::vector<std::string_view> paths) {
  ClassFolder result{name, name, {}, layer_of(paths)};
  result.nested = result.layer.mostly_folders(paths.size());
  while (result.layer.folders.size() == 1 && result.layer.mostly_folders(paths.size())) {
    const std::string only = *result.layer.folders.begin();
    std::erase_if(paths, [](std::string_view one) { return one.find('/') == std::string_view::npos; });
    for (std::string_view& one : paths) one.remove_prefix(only.size() + 1);
    Layer inner = layer_of(paths);
    if (!inner.mostly_folders(paths.size())) break;
    result.layer = std::move(inner);
    result.path += "/" + only;
    if (result.wrapped.empty()) result.wrapped = only;
  }
  return result;
}

std::vector<ClassFolder> class_folders_of(const Listing& listing, const std::string& prefix) {
  std::vector<std::vector<std::string_view>> paths(listing.classes.size());
  for (const ListedPicture& picture : listing.pictures) {
    const auto label = static_cast<std::size_t>(picture.label);
    const std::size_t begin = prefix.size() + listing.classes[label].size() + 1;
    paths[label].push_back(std::string_view(picture.file).substr(begin));
  }
  std::vector<ClassFolder> folders;
  for (std::size_t label = 0; label < paths.size(); ++label) {
    const std::string& name = listing.classes[label];
    folders.push_back(class_folder_of(name, std::move(paths[label])));
  }
  return folders;
}

std::string names_of(const std::vector<const ClassFolder*>& folders) {
  std::vector<std::string> names;
  for (const ClassFolder* one : folders) names.push_back(one->name);
  return some_of(names);
}

std::string names_of(const Names& names) {
  return some_of({names.begin(), names.end()});
}

/// A data set that was copied into itself, or whose parts lie beside its class folders, has a class that
/// holds the others.
void check_copies(const std::vector<ClassFolder>& folders, const std::filesystem::path& where,
                  std::vector<std::string>& warnings) {
  std::map<std::string, const ClassFolder*> by_name;
  for (const ClassFolder& one : folders) by_name.emplace(composed(one.name), &one);
  std::map<const ClassFolder*, std::set<const ClassFolder*>> copies;  // each with the classes that it holds
  for (const ClassFolder& one : folders) {
    std::set<const ClassFolder*> held;
    for (const std::string& name : one.layer.folders) {
      const auto other = by_name.find(composed(name));
      if (other != by_name.end() && other->second != &one) held.insert(other->second);
    }
    if (held.size() > 1) copies.emplace(&one, std::move(held));
  }
  const std::size_t others = folders.size() - copies.size();
  for (const auto& [copy, held] : copies) {
    const auto is_other = [&](const ClassFolder* one) { return !copies.contains(one); };
    const auto held_others = static_cast<std::size_t>(std::ranges::count_if(held, is_other));
    const std::string names = names_of(std::vector(held.begin(), held.end()));
    if (others > 1 && held_others == others) {
      const std::string path = (where / copy->path).string();
      throw Error(fmt::format(
          "the class folder {} holds folders of the names of the other classes, {}: as a class it would mix "
          "them. If it is a copy of the data set or a part of one, move it elsewhere or name {} alone; if it "
          "is a class, rename the folders in it, or name the pictures in a CSV",
          path, names, path));
    }
    warnings.push_back(
        fmt::format("The class folder {} holds folders of the names of other classes, {}: all of it is read "
                    "as the class {}",
                    (where / copy->path).string(), names, copy->name));
  }
  constexpr std::size_t most = 3;
  if (copies.size() <= most) return;
  warnings.resize(warnings.size() - (copies.size() - most));
  warnings.push_back(fmt::format("So do {} more class folders of {}", copies.size() - most, where.string()));
}

/// Whether a folder may be an archive that holds the folder `wrapped`, or a piece of one: "data", "data-001".
bool is_archive_of(const std::string& name, const std::string& wrapped) {
  if (wrapped.empty() || !name.starts_with(wrapped)) return false;
  const std::string_view rest = std::string_view(name).substr(wrapped.size());
  constexpr std::string_view separators = "-_ (.";
  return rest.empty() || (rest.size() > 1 && separators.find(rest.front()) != separators.npos);
}

/// Archives that were unpacked each into a folder of its own name: "seg_train/seg_train/cat" beside
/// "seg_test/seg_test/cat", or "data-001/data/cat" beside "data-002/data/cat".
void check_archives(const std::vector<ClassFolder>& folders, const std::filesystem::path& where) {
  std::vector<const ClassFolder*> archives;
  std::set<std::string> wrapped;
  std::set<Part> parts, archived_parts;
  for (const ClassFolder& one : folders) {
    parts.insert(part_resembled(one.name));
    if (!is_archive_of(one.name, one.wrapped)) continue;
    archives.push_back(&one);
    wrapped.insert(one.wrapped);
    archived_parts.insert(part_resembled(one.name));
  }
  parts.erase(Part::none);
  archived_parts.erase(Part::none);
  // The training pictures are the ones to name.
  // Not std::ranges::stable_partition(): Clang 14 does not compile what it returns.
  std::stable_partition(archives.begin(), archives.end(),
                        [](const ClassFolder* one) { return part_resembled(one->name) == Part::train; });
  const auto first =
      std::ranges::find_if(archives, [](const ClassFolder* one) { return one->layer.folders.size() > 1; });
  if (first == archives.end()) return;
  const std::string path = (where / (*first)->path).string(), inner = names_of((*first)->layer.folders);
  if (parts.size() > 1 && !archived_parts.empty()) {
    throw Error(fmt::format(
        "the folders {} of {} look like parts of a split and would be read as classes, because the class "
        "folders lie deeper, as {} does with {}: name that folder, or move the class folders into {}, {} and "
        "{}, or name the pictures in a CSV",
        names_of(archives), where.string(), path, inner, (where / "train").string(), (where / "val").string(),
        (where / "test").string()));
  }
  if (archives.size() > 1 && archives.size() == folders.size() && wrapped.size() == 1) {
    throw Error(fmt::format(
        "the folders {} of {} look like one archive in pieces and would be read as classes, "
        "because the class folders lie deeper, as {} does with {}: merge the folders {} in them into "
        "one and name that, or name the pictures in a CSV",
        names_of(archives), where.string(), path, inner, *wrapped.begin()));
  }
}

/// The warning about parts of a split within the class folders; else empty.
std::string parts_within(const std::vector<ClassFolder>& folders, const std::filesystem::path& where) {
  std::vector<const ClassFolder*> split;
  Names names;
  for (const ClassFolder& one : folders) {
    std::set<Part> parts;
    for (const std::string& name : one.layer.folders) parts.insert(part_named(name));
    parts.erase(Part::none);
    if (parts.size() < 2) continue;
    split.push_back(&one);
    names.insert(one.layer.folders.begin(), one.layer.folders.end());
  }
  if (split.empty()) return {};
  if (split.size() == 1) {
    const std::string path = (where / split.front()->path).string();
    return fmt::format(
        "The class folder {} holds the folders {}: they are read as one class, and all pictures are split "
        "anew. If it is a data set that comes with its own split, name {} alone",
        path, names_of(names), path);
  }
  return fmt::format(
      "The class folders {} of {} hold the folders {}: they are read as one, and all pictures are split "
      "anew. To keep that split, put the class folders into {}, {} and {}",
      names_of(split), where.string(), names_of(names), (where / "train").string(), (where / "val").string(),
      (where / "test").string());
}

/// The class folders that hold mostly folders, of which two or more have the names of those in another one.
std::vector<const ClassFolder*> alike_inside(const std::vector<ClassFolder>& folders) {
  std::map<std::string, std::vector<const ClassFolder*>> holders;
  for (const ClassFolder& one : folders) {
    if (!one.nested) continue;
    for (const std::string& name : one.layer.folders) holders[composed(name)].push_back(&one);
  }
  std::vector<const ClassFolder*> alike;
  for (const ClassFolder& one : folders) {
    if (!one.nested || one.layer.folders.size() < 2) continue;
    std::map<const ClassFolder*, int> shared;
    const bool found = std::ranges::any_of(one.layer.folders, [&](const std::string& name) {
      return std::ranges::any_of(holders[composed(name)], [&](const ClassFolder* other) {
        return other != &one && ++shared[other] > 1;
      });
    });
    if (found) alike.push_back(&one);
  }
  if (!alike.empty()) return alike;
  // A part may lack a class: one name is enough where nothing else lies in the folders.
  if (folders.size() < 2) return {};
  const ClassFolder& most =
      *std::ranges::max_element(folders, {}, [](const ClassFolder& one) { return one.layer.folders.size(); });
  const bool all = std::ranges::all_of(folders, [&](const ClassFolder& one) {
    return one.layer.loose == 0 && std::ranges::includes(most.layer.folders, one.layer.folders);
  });
  if (!all || most.layer.folders.size() < 2) return {};
  for (const ClassFolder& one : folders) alike.push_back(&one);
  return alike;
}

/// The warning about class folders that are named like different parts of a split, whether they hold folders
/// or pictures alone; else empty. Pictures of its own beside folders make a folder a class. list_folder()
/// warns of two known names.
std::string parts_by_name(const std::vector<ClassFolder>& folders, const std::filesystem::path& where) {
  std::vector<const ClassFolder*> named;
  std::set<Part> parts;
  int known = 0;
  for (const ClassFolder& one : folders) {
    const bool mixed = !one.nested && !one.layer.folders.empty();
    const Part part = part_resembled(one.name);
    if (mixed || part == Part::none) continue;
    named.push_back(&one);
    parts.insert(part);
    known += part_named(one.name) != Part::none;
  }
  if (parts.size() < 2 || known > 1) return {};
  return fmt::format(
      "The folders {} of {} look like parts of a split and are read as classes: if they are parts, name them "
      "train, val and test, with one folder for each class in them, or name the pictures in a CSV",
      names_of(named), where.string());
}

/// The warning about the only class folder with folders in it, which may be the classes, beside pictures that
/// are named like a part of a split; else empty.
std::string classes_beside_part(const std::vector<ClassFolder>& folders, const std::filesystem::path& where) {
  const ClassFolder* holder = nullptr;
  std::vector<const ClassFolder*> flat;
  for (const ClassFolder& one : folders) {
    if (one.nested && one.layer.folders.size() > 1) {
      if (holder) return {};
      holder = &one;
    } else if (part_resembled(one.name) != Part::none) {
      flat.push_back(&one);
    } else {
      return {};
    }
  }
  if (!holder || flat.empty()) return {};
  return fmt::format(
      "The folder {} is read as one class with all that it holds, {}, beside {}, which {}: if those are the "
      "classes, name {} alone",
      (where / holder->name).string(), names_of(holder->layer.folders), names_of(flat),
      flat.size() == 1 ? "is named like a part of a split" : "are named like parts of a split",
      (where / holder->path).string());
}

/// The warning about class folders that may be the parts of a split under names that BART does not know; else
/// empty.
std::string parts_like_classes(const std::vector<ClassFolder>& folders, const std::filesystem::path& where) {
  if (const std::vector<const ClassFolder*> alike = alike_inside(folders); !alike.empty()) {
    Names names;
    for (const ClassFolder* one : alike) names.insert(one->layer.folders.begin(), one->layer.folders.end());
    return fmt::format(
        "The folders {} of {} are read as classes, and hold folders of the same names, {}: if those are the "
        "classes, and these the parts of a split, name the parts train, val and test",
        names_of(alike), where.string(), names_of(names));
  }
  for (const ClassFolder& one : folders) {
    if (!one.nested || one.layer.folders.size() < 2 || part_resembled(one.name) == Part::none) continue;
    return fmt::format(
        "The folder {} is named like a part of a split, and is read as one class with all that it holds, {}: "
        "if those are the classes, name {} alone, or name the parts of the split train, val and test",
        (where / one.name).string(), names_of(one.layer.folders), (where / one.path).string());
  }
  const std::string warning = classes_beside_part(folders, where);
  return warning.empty() ? parts_by_name(folders, where) : warning;
}

}  // namespace

void check_layout(Listing& listing, const std::string& prefix) {
  const std::vector<ClassFolder> folders = class_folders_of(listing, prefix);
  if (folders.size() < 2) return;
  const std::filesystem::path where =
      prefix.empty() ? listing.folder : listing.folder / prefix.substr(0, prefix.size() - 1);
  check_copies(folders, where, listing.warnings);
  check_archives(folders, where);
  std::string warning = parts_within(folders, where);
  if (warning.empty()) warning = parts_like_classes(folders, where);
  if (!warning.empty()) listing.warnings.push_back(std::move(warning));
}

}  // namespace bart
