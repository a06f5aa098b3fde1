#include "check_links.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <system_error>

#include "bart/platform/error.h"
#include "bart/platform/lies_in.h"
#include "bart/platform/write_through.h"
#include "written_files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct Link {
  fs::path path, target;
};

/// The files that a training replaces, whether they are there or not.
std::vector<fs::path> replaced_files(const RunFolder& folder) {
  std::vector<fs::path> files = folder.result_files();
  std::ranges::copy(folder.record_files(), std::back_inserter(files));
  return files;
}

std::vector<Link> links_to_files(const RunFolder& folder) {
  std::vector<Link> links;
  for (const fs::path& file : replaced_files(folder)) {
    std::error_code circle;
    if (fs::is_symlink(file, circle))
      links.push_back({file, fs::weakly_canonical(written_place(file), circle)});
  }
  return links;
}

/// The links to folders that a training writes into.
std::vector<Link> links_to_folders(const RunFolder& folder) {
  std::vector<Link> links;
  for (const fs::path& one : {folder.record(), folder.test_pictures()}) {
    std::error_code gone;
    if (fs::is_symlink(one, gone) && fs::is_directory(one, gone))
      links.push_back({one, fs::canonical(one, gone)});
  }
  return links;
}

[[noreturn]] void refuse(const Link& link, std::string_view what) {
  throw Error(fmt::format("{} is a link to {}, {}: remove the link, or put a copy in its place",
                          link.path.string(), link.target.string(), what));
}

/// Throws Error if the training would write two of its files into one, or into what an earlier one left.
void check_one_file_each(const RunFolder& folder, const std::vector<Link>& links) {
  const std::vector<fs::path> files = replaced_files(folder);
  for (const Link& link : links) {
    const auto is_target = [&](const fs::path& other) {
      std::error_code circle;
      return other != link.path && link.target == fs::weakly_canonical(written_place(other), circle);
    };
    if (lies_in(link.target, folder.record()) || std::ranges::any_of(files, is_target))
      refuse(link, "which is another file of the training");
  }
}

/// The folder of another training that `target` belongs to; empty if there is none. A training whose files
/// and record are all reached by links is no other one.
fs::path other_training(const RunFolder& folder, const fs::path& target) {
  const fs::path place = target.parent_path();
  for (const fs::path& home : {place, place.parent_path()}) {
    const RunFolder other(home);
    std::error_code gone;
    if (!fs::exists(other.run_json(), gone) || is_same_place(home, folder.results())) continue;
    if (home != place && place != other.record() && place != other.test_pictures()) continue;
    const bool in_record = lies_in(target, other.record());
    // A record alone may lie elsewhere, on a larger disk.
    if (in_record ? fs::exists(other.model(), gone) && !is_same_place(other.model(), folder.model())
                  : !is_same_place(other.record(), folder.record()))
      return home;
  }
  return {};
}

}  // namespace

void check_links(const RunFolder& folder, const std::vector<fs::path>& inputs) {
  std::vector<Link> links = links_to_files(folder);
  check_one_file_each(folder, links);
  std::ranges::move(links_to_folders(folder), std::back_inserter(links));
  for (const Link& link : links) {
    for (const fs::path& input : inputs) {
      if (lies_in(link.target, input))
        refuse(link, fmt::format("and this training reads {}", input.string()));
    }
    const fs::path other = other_training(folder, link.target);
    if (!other.empty()) refuse(link, fmt::format("which belongs to the training in {}", other.string()));
  }
}

void check_links_to_pictures(const RunFolder& folder, const Listing& listing) {
  const std::vector<Link> to_files = links_to_files(folder), to_folders = links_to_folders(folder);
  if (to_files.empty() && to_folders.empty()) return;
  std::set<fs::path> folders;
  for (const ListedPicture& picture : listing.pictures) {
    const fs::path path = listing.folder / picture.file;
    folders.insert(path.parent_path());
    for (const Link& link : to_files) {
      std::error_code gone;
      if (fs::equivalent(path, link.target, gone)) refuse(link, "which is a picture of the data set");
    }
  }
  for (const fs::path& one : folders) {
    for (const Link& link : to_folders) {
      std::error_code gone;
      if (fs::equivalent(one, link.target, gone)) refuse(link, "which holds pictures of the data set");
    }
  }
}

}  // namespace bart
