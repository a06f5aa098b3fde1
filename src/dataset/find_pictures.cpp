#include "bart/dataset/find_pictures.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <deque>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "folder_entries.h"
#include "search.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view hidden = "hidden";
constexpr std::string_view of_the_system = "of the operating system";
constexpr std::string_view no_picture = "not pictures by their ending";
constexpr std::string_view no_picture_by_name = "not pictures by their name";

// What Windows, macOS, Linux and network storage leave in folders without asking.
constexpr std::array system_folders = {"__MACOSX",   "$RECYCLE.BIN", "System Volume Information",
                                       "lost+found", "@eaDir",       "@Recycle",
                                       "#recycle",   "#snapshot"};
constexpr std::array system_files = {"Icon\r", "desktop.ini", "Desktop.ini"};

// Text, tables, videos, sound, archives, documents, models and programs. Pictures in formats that BART does
// not read are not among them, because the user is told that they cannot be read.
constexpr std::array other_endings = {
    "txt",  "md",   "rst",  "log",  "json", "jsonl",       "xml", "csv",  "tsv",   "yaml",   "yml",
    "toml", "ini",  "cfg",  "conf", "html", "htm",         "css", "js",   "db",    "sqlite", "mp4",
    "m4v",  "mov",  "avi",  "mkv",  "webm", "wmv",         "mpg", "mpeg", "mp3",   "wav",    "flac",
    "ogg",  "zip",  "tar",  "gz",   "tgz",  "bz2",         "xz",  "zst",  "7z",    "rar",    "pdf",
    "doc",  "docx", "xls",  "xlsx", "ppt",  "pptx",        "py",  "pyc",  "ipynb", "sh",     "bat",
    "exe",  "dll",  "lnk",  "url",  "aae",  "xmp",         "npy", "npz",  "pkl",   "pickle", "joblib",
    "pt",   "pth",  "onnx", "h5",   "mat",  "safetensors", "md5", "sha1", "sha256"};

// What programs add to the names of files that are not whole yet, and of earlier versions of files.
constexpr std::array unfinished_endings = {"part",     "partial", "crdownload", "download",
                                           "filepart", "tmp",     "bak"};

// Texts that stand beside pictures under names without an ending, in any case.
constexpr std::array texts = {"license", "licence",   "copying", "notice",   "readme",
                              "authors", "changelog", "changes", "citation", "contributing",
                              "install", "manifest",  "version", "makefile", "dockerfile"};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

/// The ending of a name in lower case, without its dot; empty where there is none.
std::string ending_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  return lower_case(name.substr(dot + 1));
}

// About links to single pictures of other folders, for each folder; a farm of links has thousands.
constexpr std::size_t most_warnings = 5;

/// A folder to look into.
struct Pending {
  std::size_t root;       // index of the folder of the list that it belongs to
  std::string path = {};  // relative to that one, with a "/" after it; empty for that one itself
};

class Search {
 public:
  Search(std::vector<SearchedFolder> roots, bool recursive)
      : roots_(std::move(roots)),
        recursive_(recursive),
        found_(roots_.size()),
        repeated_(roots_.size()),
        linked_(roots_.size()) {}

  /// No link to `folder`, or to one that it lies in, is followed.
  void pass_by(const fs::path& folder) {
    std::error_code error;
    fs::path at = fs::canonical(folder, error);
    for (; !error && !at.empty(); at = at.parent_path()) {
      if (const auto identity = identity_of(at)) visited_.emplace(*identity, at.string());
      if (at == at.root_path()) break;
    }
  }

  void run() {
    // Folders come before links to folders: if both lead to the same one, the link is passed over.
    std::deque<Pending> folders, links;
    for (std::size_t root = 0; root < roots_.size(); ++root)
      (roots_[root].link ? links : folders).push_back({root});
    while (!folders.empty() || !links.empty()) {
      std::deque<Pending>& from = folders.empty() ? links : folders;
      const Pending next = std::move(from.front());
      from.pop_front();
      look_into(next, folders, links);
    }
    for (FoundPictures& one : found_) std::ranges::sort(one.files);
    pass_over_links_to_others();
  }

  FoundPictures& found(std::size_t root) { return found_[root]; }
  /// The sentence about a folder of the list that was visited already by another name; else empty.
  const std::string& repeated(std::size_t root) const { return repeated_[root]; }

 private:
  /// A link to a file that is a picture of another folder of the list would give that picture two labels. Of
  /// several links to a file elsewhere, those in the first folder count.
  void pass_over_links_to_others() {
    if (roots_.size() < 2 || std::ranges::all_of(linked_, &std::set<std::string>::empty)) return;
    struct Place {
      std::size_t root;
      std::string path;
    };
    std::map<Identity, Place> places;
    const auto visit_all = [&](bool links) {
      for (std::size_t root = 0; root < roots_.size(); ++root) {
        FoundPictures& found = found_[root];
        std::size_t passed_over = 0;
        std::erase_if(found.files, [&](const std::string& file) {
          if (linked_[root].contains(file) != links) return false;
          const fs::path path = roots_[root].path / file;
          const auto identity = identity_of(path);
          if (!identity) return false;  // reading it gives the reason
          const Place& first = places.emplace(*identity, Place{root, path.string()}).first->second;
          if (!links || first.root == root) return false;
          found.passed_over.push_back({file, "links to a picture of another folder"});
          if (++passed_over <= most_warnings)
            found.warnings.push_back(
                fmt::format("{} leads to a picture of another class or part, {}: it is passed over",
                            path.string(), first.path));
          return true;
        });
        if (passed_over > most_warnings)
          found.warnings.push_back(fmt::format("So do {} more links in {}, which are passed over, too",
                                               passed_over - most_warnings, roots_[root].path.string()));
      }
    };
    visit_all(/*links=*/false);
    visit_all(/*links=*/true);
  }

  void look_into(const Pending& pending, std::deque<Pending>& folders, std::deque<Pending>& links) {
    const fs::path& root = roots_[pending.root].path;
    const fs::path path = pending.path.empty() ? root : root / pending.path;
    FoundPictures& found = found_[pending.root];
    if (const auto identity = identity_of(path)) {
      const auto [earlier, fresh] = visited_.emplace(*identity, path.string());
      if (!fresh) {
        const std::string sentence = fmt::format(
            "{} leads to a folder that was visited already or that it lies in, {}: it is passed over",
            (root / pending.path).string(), earlier->second);  // with a slash at the end
        if (pending.path.empty()) {
          repeated_[pending.root] = sentence;
        } else {
          found.passed_over.push_back({pending.path, "links to a folder that was visited"});
          found.warnings.push_back(sentence);
        }
        return;
      }
    }
    std::vector<FolderEntry> entries;
    try {
      entries = entries_of(path);
    } catch (const Error& error) {
      if (pending.path.empty()) throw;
      found.passed_over.push_back({pending.path, "that cannot be read"});
      found.warnings.push_back(fmt::format("{}: what is in it is missing", error.what()));
      return;
    }
    for (const FolderEntry& entry : entries) {
      const bool is_folder = entry.type == fs::file_type::directory;
      const std::string inner = pending.path + entry.name;
      const auto pass_over = [&](const std::string& name, std::string_view why) {
        found.passed_over.push_back({name, std::string(why)});
      };
      if (const auto why = why_passed_over(entry.name, is_folder)) {
        pass_over(is_folder ? inner + "/" : inner, *why);
      } else if (is_folder && recursive_) {
        (entry.link ? links : folders).push_back({pending.root, inner + "/"});
      } else if (is_folder) {
        pass_over(inner + "/", "sub-folders");
      } else if (may_be_picture(entry.type)) {
        found.files.push_back(inner);
        if (entry.link) linked_[pending.root].insert(inner);
      } else {
        pass_over(inner, "not regular files");
      }
    }
  }

  std::vector<SearchedFolder> roots_;
  bool recursive_;
  std::map<Identity, std::string> visited_;  // with a name of each
  std::vector<FoundPictures> found_;
  std::vector<std::string> repeated_;
  std::vector<std::set<std::string>> linked_;  // of each folder's files those that are links
};

}  // namespace

std::optional<Identity> identity_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

std::vector<FolderEntry> entries_of(const fs::path& folder) {
  std::vector<FolderEntry> entries;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    // Reading the folder usually gives the types, which is_...() uses, whereas status() asks the system for
    // each file.
    std::error_code no_status;
    FolderEntry entry{at->path().filename().string(), fs::file_type::none, at->is_symlink(no_status)};
    if (at->is_regular_file(no_status)) {
      entry.type = fs::file_type::regular;
    } else if (at->is_directory(no_status)) {
      entry.type = fs::file_type::directory;
    } else {
      entry.type = at->status(no_status).type();
    }
    entries.push_back(std::move(entry));
  }
  if (error) throw Error(fmt::format("cannot read the folder {}: {}", folder.string(), error.message()));
  std::ranges::sort(entries, {}, &FolderEntry::name);
  return entries;
}

bool may_be_picture(fs::file_type type) {
  return type == fs::file_type::regular || type == fs::file_type::not_found || type == fs::file_type::none;
}

std::optional<std::string_view> why_passed_over(std::string_view name, bool is_folder) {
  if (name.starts_with('.')) return hidden;
  if (name == "simpsons_dataset") return "simpsons_dataset";
  if (std::ranges::find(system_folders, name) != system_folders.end()) return of_the_system;
  if (is_folder) return std::nullopt;
  if (std::ranges::find(system_files, name) != system_files.end()) return of_the_system;
  const std::string ending = ending_of(name);
  if (std::ranges::find(other_endings, ending) != other_endings.end()) return no_picture;
  if (name.ends_with('~') || std::ranges::find(unfinished_endings, ending) != unfinished_endings.end())
    return no_picture;
  if (std::ranges::find(texts, lower_case(name)) != texts.end()) return no_picture_by_name;
  return std::nullopt;
}

FoundPictures find_pictures(const fs::path& folder, bool recursive) {
  Search search({{folder}}, recursive);
  std::error_code error;
  if (const fs::path real = fs::canonical(folder, error); !error) search.pass_by(real.parent_path());
  search.run();
  return std::move(search.found(0));
}

std::vector<std::optional<FoundPictures>> find_pictures_of(const fs::path& data_set,
                                                           std::vector<SearchedFolder> folders,
                                                           std::vector<std::string>& warnings) {
  const std::size_t count = folders.size();
  Search search(std::move(folders), /*recursive=*/true);
  search.pass_by(data_set);
  try {
    search.run();
  } catch (const Error& error) {
    throw Error(fmt::format("{}: make it readable, or move it out of {}", error.what(), data_set.string()));
  }
  std::vector<std::optional<FoundPictures>> results(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (search.repeated(i).empty()) {
      results[i] = std::move(search.found(i));
    } else {
      warnings.push_back(search.repeated(i));
    }
  }
  return results;
}

namespace {

/// The reason as it is said of one file or folder.
std::string_view singular(std::string_view reason) {
  constexpr std::pair<std::string_view, std::string_view> forms[] = {
      {no_picture, "not a picture by its ending"},
      {no_picture_by_name, "not a picture by its name"},
      {"links to a folder that was visited", "link to a folder that was visited"},
      {"links to a picture of another folder", "link to a picture of another folder"},
      {"sub-folders", "sub-folder"},
      {"not regular files", "not a regular file"}};
  for (const auto& [many, one] : forms) {
    if (reason == many) return one;
  }
  return reason;
}

}  // namespace

std::string passed_over_sentence(const std::vector<PassedOver>& passed_over) {
  if (passed_over.empty()) return {};
  std::map<std::string_view, std::size_t> counts;
  for (const PassedOver& one : passed_over) ++counts[one.reason];
  std::vector<std::pair<std::string_view, std::size_t>> order(counts.begin(), counts.end());
  std::ranges::stable_sort(order, [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string reasons;
  for (const auto& [reason, count] : order) {
    reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", with_commas(count),
                           count == 1 ? singular(reason) : reason);
  }
  return fmt::format("Passed over {}: {}", counted(passed_over.size(), "file or folder", "files and folders"),
                     reasons);
}

}  // namespace bart
