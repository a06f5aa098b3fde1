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

namespace bart {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view hidden = "hidden";
constexpr std::string_view of_the_system = "of the operating system";
constexpr std::string_view no_picture = "not pictures by their ending";

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

/// The ending of a name in lower case, without its dot; empty where there is none.
std::string ending_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  std::string ending(name.substr(dot + 1));
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending;
}

/// A folder to look into.
struct Pending {
  std::string path;  // relative to the first, with a "/" after it; empty for the first
  bool link = false;
};

using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> identity_of(const fs::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

class Search {
 public:
  Search(const fs::path& folder, bool recursive) : folder_(folder), recursive_(recursive) {}

  FoundPictures run() {
    // Folders come before links to folders: if both lead to the same one, the link is passed over.
    std::deque<Pending> folders{{}}, links;
    while (!folders.empty() || !links.empty()) {
      std::deque<Pending>& from = folders.empty() ? links : folders;
      const Pending next = std::move(from.front());
      from.pop_front();
      look_into(next, folders, links);
    }
    std::ranges::sort(found_.files);
    return std::move(found_);
  }

 private:
  void look_into(const Pending& pending, std::deque<Pending>& folders, std::deque<Pending>& links) {
    const fs::path path = folder_ / pending.path;
    if (const auto identity = identity_of(path); identity && !visited_.insert(*identity).second) {
      pass_over(pending.path, "links to a folder that was visited");
      found_.warnings.push_back(
          fmt::format("{} leads to a folder that was visited already: it is passed over", path.string()));
      return;
    }
    std::vector<FolderEntry> entries;
    try {
      entries = entries_of(path);
    } catch (const Error& error) {
      if (pending.path.empty()) throw;
      pass_over(pending.path, "that cannot be read");
      found_.warnings.push_back(fmt::format("{}: what is in it is missing", error.what()));
      return;
    }
    for (const FolderEntry& entry : entries) {
      const bool is_folder = entry.type == fs::file_type::directory;
      const std::string inner = pending.path + entry.name;
      if (const auto why = why_passed_over(entry.name, is_folder)) {
        pass_over(is_folder ? inner + "/" : inner, std::string(*why));
      } else if (is_folder && recursive_) {
        (entry.link ? links : folders).push_back({inner + "/", entry.link});
      } else if (is_folder) {
        pass_over(inner + "/", "sub-folders");
      } else if (may_be_picture(entry.type)) {
        found_.files.push_back(inner);
      } else {
        pass_over(inner, "not regular files");
      }
    }
  }

  void pass_over(std::string path, std::string reason) {
    found_.passed_over.push_back({std::move(path), std::move(reason)});
  }

  const fs::path& folder_;
  bool recursive_;
  std::set<Identity> visited_;
  FoundPictures found_;
};

}  // namespace

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
  return std::nullopt;
}

FoundPictures find_pictures(const fs::path& folder, bool recursive) {
  return Search(folder, recursive).run();
}

std::string passed_over_sentence(const std::vector<PassedOver>& passed_over) {
  if (passed_over.empty()) return {};
  std::map<std::string_view, std::size_t> counts;
  for (const PassedOver& one : passed_over) ++counts[one.reason];
  std::vector<std::pair<std::string_view, std::size_t>> order(counts.begin(), counts.end());
  std::ranges::stable_sort(order, [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string reasons;
  for (const auto& [reason, count] : order) {
    reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", with_commas(count), reason);
  }
  return fmt::format("Passed over {}: {}", counted(passed_over.size(), "file or folder", "files and folders"),
                     reasons);
}

}  // namespace bart
