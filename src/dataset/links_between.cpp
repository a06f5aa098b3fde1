#include "links_between.h"

#include <fmt/format.h>

#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "folder_entries.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// Whether a link below the data set's folder leads to this file of it.
bool is_behind_link(const Listing& listing, const std::string& file) {
  std::error_code error;
  const fs::path root = fs::canonical(listing.folder, error);
  const fs::path place = error ? fs::path() : fs::canonical(listing.folder / file, error);
  return !error && place != (root / file).lexically_normal();
}

}  // namespace

void pass_over_links_between(const Listing& listing, Listing& added, const std::string& where) {
  std::map<Identity, const std::string*> known;
  for (const ListedPicture& picture : listing.pictures) {
    if (const auto identity = identity_of(listing.folder / picture.file))
      known.emplace(*identity, &picture.file);
  }
  std::vector<std::string> passed_over;
  std::string first;
  std::erase_if(added.pictures, [&](const ListedPicture& picture) {
    const auto identity = identity_of(added.folder / picture.file);
    const auto same = identity ? known.find(*identity) : known.end();
    if (same == known.end()) return false;
    std::error_code error;
    const fs::path here = added.folder / picture.file, there = listing.folder / *same->second;
    // One path, or one folder named twice, is what the user asked for. Hard links are two files, as copies
    // are.
    if (fs::absolute(here).lexically_normal() == fs::absolute(there).lexically_normal()) return false;
    if (!is_behind_link(added, picture.file) && !is_behind_link(listing, *same->second)) return false;
    if (fs::canonical(here, error) != fs::canonical(there, error) || error) return false;
    if (passed_over.empty())
      first = fmt::format("{} leads to the same file as {}", here.string(), there.string());
    passed_over.push_back(picture.file);
    return true;
  });
  if (passed_over.empty()) return;
  if (added.pictures.empty()) {
    throw Error(
        fmt::format("{} holds only links to pictures of {}, or pictures that links there lead to ({}): "
                    "put other pictures into it",
                    where, source_of(listing), first));
  }
  added.warnings.push_back(fmt::format(
      "{} of {} {} passed over, because links make {} of {}, too: {}",
      counted(passed_over.size(), "picture", "pictures"), where, passed_over.size() == 1 ? "is" : "are",
      passed_over.size() == 1 ? "it a picture" : "them pictures", source_of(listing), first));
  for (std::string& file : passed_over)
    added.passed_over.push_back({std::move(file), "links to a picture of another folder"});
}

}  // namespace bart
