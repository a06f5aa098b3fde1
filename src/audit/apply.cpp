#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "bart/audit/decisions.h"
#include "bart/dataset/listing.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/folder_lock.h"
#include "bart/platform/hash.h"
#include "bart/platform/make_folders.h"
#include "bart/platform/rename_new.h"
#include "journal.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// The folders that decisions are about, and their journal.
struct Places {
  fs::path folder, removed, journal;

  /// Where the picture goes.
  const fs::path& base(const PictureMove& move) const { return move.removed ? removed : folder; }
};

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

Places places_of(const fs::path& named, std::span<const std::uint8_t> decisions) {
  std::error_code error;
  const fs::path folder = fs::canonical(named, error);
  if (error || !fs::is_directory(folder)) {
    throw Error(fmt::format(
        "the decisions are about {}, which is not a folder: name the folder where the data set is now",
        named.string()));
  }
  if (!folder.has_filename()) throw Error(fmt::format("{} is not the folder of a data set", folder.string()));
  const fs::path removed = folder.parent_path() / (folder.filename().string() + "-removed");
  const auto status = fs::symlink_status(removed);
  if (fs::exists(status) && !fs::is_directory(status)) {
    throw Error(
        fmt::format("{} is in the way: removed pictures go into a folder of that name", removed.string()));
  }
  return {folder, removed, removed / fmt::format("{:016x}.json", hash_of(decisions))};
}

/// Throws Error if a folder on the way from `base` to `path` is a link, which may lead anywhere.
void check_no_links(const fs::path& base, const std::string& path) {
  fs::path place = base;
  for (const fs::path& part : fs::path(path).parent_path()) {
    place /= part;
    if (fs::is_symlink(fs::symlink_status(place))) {
      throw Error(fmt::format("{} is a link: bart apply moves nothing through links", place.string()));
    }
  }
}

/// Moves a file without ever replacing one. Throws Error.
void move_file(const fs::path& from, const fs::path& to) {
  if (rename_to_new_name(from, to)) return;
  throw Error(fmt::format("cannot move {} to {}: {}", from.string(), to.string(), std::strerror(errno)));
}

void sync_file_system(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw Error(fmt::format("cannot open {}: {}", folder.string(), std::strerror(errno)));
  const int status = ::syncfs(fd);
  const int code = errno;
  ::close(fd);
  if (status != 0) throw Error(fmt::format("cannot sync {}: {}", folder.string(), std::strerror(code)));
}

/// Plans decisions for a folder as it is now.
class Plan {
 public:
  explicit Plan(const Places& places) : places_(places), listing_(list_folder(places.folder, 1)) {
    for (const ListedPicture& picture : listing_.pictures) {
      pictures_[picture.file] = &picture;
      class_folders_.try_emplace({picture.part, picture.label}, parts_of(picture)[1]);
    }
  }

  Journal of(const std::vector<Decision>& decisions) {
    Journal journal;
    for (const Decision& decision : decisions) add(decision, journal);
    return journal;
  }

 private:
  /// The folder of its part, with a slash, if there is one; the folder of its class; its path below that.
  static std::array<std::string, 3> parts_of(const ListedPicture& picture) {
    const std::string& file = picture.file;
    const std::size_t part = picture.part == Part::none ? 0 : file.find('/') + 1;
    const std::size_t end = file.find('/', part);
    return {file.substr(0, part), file.substr(part, end - part), file.substr(end + 1)};
  }

  void add(const Decision& decision, Journal& journal) {
    const auto found = pictures_.find(decision.file);
    if (found == pictures_.end() || !stays_inside(decision.file)) {
      throw Error(
          fmt::format("{} is not a picture of the data set {}", decision.file, places_.folder.string()));
    }
    const ListedPicture& picture = *found->second;
    check_no_links(places_.folder, decision.file);
    PictureMove move{
        .from = decision.file, .to = decision.file, .removed = decision.action == Decision::Action::remove};
    if (decision.action == Decision::Action::move) {
      const auto to = std::ranges::find(listing_.classes, decision.to);
      if (to == listing_.classes.end()) {
        throw Error(fmt::format("{} is to be moved to {}, which is not a class of the data set {}",
                                decision.file, decision.to, places_.folder.string()));
      }
      const auto label = static_cast<std::int32_t>(to - listing_.classes.begin());
      if (label != picture.label) move.to = in_class(picture, label);
    }
    if (!move.removed && move.to == move.from) {
      ++journal.kept;
      return;
    }
    check_no_links(places_.base(move), move.to);
    move.to = free_name(move);
    if (!move.removed) note_folders(move.to, journal);
    journal.moves.push_back(std::move(move));
  }

  std::string in_class(const ListedPicture& picture, std::int32_t label) const {
    const auto [part, own, rest] = parts_of(picture);
    const auto folder = class_folders_.find({picture.part, label});
    return part +
           (folder != class_folders_.end() ? folder->second
                                           : listing_.classes[static_cast<std::size_t>(label)]) +
           "/" + rest;
  }

  /// The path `move.to`, or one with a number if it is taken.
  std::string free_name(const PictureMove& move) {
    const fs::path wanted = move.to;
    std::string name = move.to;
    for (int n = 2; is_there(places_.base(move) / name) || taken_.contains({move.removed, name}); ++n) {
      name = (wanted.parent_path() /
              fmt::format("{}-{}{}", wanted.stem().string(), n, wanted.extension().string()))
                 .string();
    }
    taken_.insert({move.removed, name});
    return name;
  }

  /// Notes the folders that have to be made for `file`.
  void note_folders(const std::string& file, Journal& journal) const {
    for (std::size_t slash = file.find('/'); slash != std::string::npos; slash = file.find('/', slash + 1)) {
      const std::string folder = file.substr(0, slash);
      if (!is_there(places_.folder / folder) &&
          std::ranges::find(journal.created, folder) == journal.created.end())
        journal.created.push_back(folder);
    }
  }

  const Places& places_;
  Listing listing_;
  std::map<std::string, const ListedPicture*> pictures_;
  std::map<std::pair<Part, std::int32_t>, std::string> class_folders_;
  std::set<std::pair<bool, std::string>> taken_;
};

/// A picture that is in neither of the places where it should be.
class PictureGone : public Error {
 public:
  using Error::Error;
};

/// Moves a picture, unless that has been done, and makes the folder that it goes to. Throws Error.
void move_picture(const fs::path& from_base, const std::string& from, const fs::path& to_base,
                  const std::string& to) {
  check_no_links(from_base, from);
  check_no_links(to_base, to);
  const bool here = is_there(from_base / from), there = is_there(to_base / to);
  if (!here && there) return;
  if (!here) throw PictureGone(fmt::format("{} is gone", (from_base / from).string()));
  if (there) throw Error(fmt::format("{} already exists", (to_base / to).string()));
  make_folders((to_base / to).parent_path());
  move_file(from_base / from, to_base / to);
}

void write_state(const Places& places, Journal& journal, Journal::State state) {
  journal.state = state;
  write_file(places.journal, encode_journal(journal));
}

Applied told(const Places& places, const Journal& journal, bool already) {
  Applied applied{
      .kept = journal.kept, .already = already, .folder = places.folder, .removed_to = places.removed};
  for (const PictureMove& move : journal.moves) ++(move.removed ? applied.removed : applied.moved);
  return applied;
}

/// Removes the folders of `file` below `base` that are empty now.
void remove_empty_folders(const fs::path& base, const std::string& file) {
  for (fs::path path = fs::path(file).parent_path(); !path.empty(); path = path.parent_path()) {
    if (::rmdir((base / path).c_str()) != 0) return;
  }
}

struct ReadDecisions {
  Decisions decisions;
  Places places;
};

ReadDecisions read_decisions(const fs::path& path, const fs::path& folder) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  Decisions decisions;
  try {
    decisions = decode_decisions(bytes);
  } catch (const Error& error) {
    throw Error(fmt::format("{} {}", path.string(), error.what()));
  }
  if (!folder.empty()) decisions.folder = folder;
  Places places = places_of(decisions.folder, bytes);
  return {std::move(decisions), std::move(places)};
}

}  // namespace

Applied apply_decisions(const fs::path& path, const fs::path& folder) {
  const auto [decisions, places] = read_decisions(path, folder);
  std::unique_ptr<FolderLock> lock;
  if (fs::exists(places.removed)) lock = std::make_unique<FolderLock>(places.removed);
  Journal journal{.state = Journal::State::undone, .kept = 0, .moves = {}, .created = {}};
  if (fs::exists(places.journal)) journal = read_journal(places.journal);
  if (journal.state == Journal::State::applied) return told(places, journal, true);
  if (journal.state == Journal::State::undoing) {
    throw Error(fmt::format("undoing {} did not finish: undo it again first", path.string()));
  }
  if (journal.state == Journal::State::undone) {
    journal = Plan(places).of(decisions.decisions);
    if (journal.moves.empty()) return told(places, journal, false);
    make_folders(places.removed);
    if (!lock) lock = std::make_unique<FolderLock>(places.removed);
    write_state(places, journal, Journal::State::applying);
  }
  std::size_t done = 0;
  try {
    for (const PictureMove& move : journal.moves) {
      move_picture(places.folder, move.from, places.base(move), move.to);
      ++done;
    }
  } catch (const std::exception& error) {
    throw Error(fmt::format("{}; {} of {} have been moved: the same command continues, --undo reverses it",
                            error.what(), done, counted(journal.moves.size(), "picture", "pictures")));
  }
  sync_file_system(places.folder);
  write_state(places, journal, Journal::State::applied);
  return told(places, journal, false);
}

Applied undo_decisions(const fs::path& path, const fs::path& folder) {
  const auto [decisions, places] = read_decisions(path, folder);
  if (!fs::exists(places.journal)) {
    throw Error(fmt::format("{} was not applied to {}: there is no {}", path.string(), places.folder.string(),
                            places.journal.string()));
  }
  const FolderLock lock(places.removed);
  Journal journal = read_journal(places.journal);
  if (journal.state == Journal::State::undone) return told(places, journal, true);
  write_state(places, journal, Journal::State::undoing);
  std::vector<std::string> failures, gone;
  for (auto move = journal.moves.rbegin(); move != journal.moves.rend(); ++move) {
    try {
      move_picture(places.base(*move), move->to, places.folder, move->from);
      if (move->removed) remove_empty_folders(places.removed, move->to);
    } catch (const PictureGone& error) {
      gone.emplace_back(error.what());
    } catch (const std::exception& error) {
      failures.emplace_back(error.what());
    }
  }
  for (auto made = journal.created.rbegin(); made != journal.created.rend(); ++made) {
    ::rmdir((places.folder / *made).c_str());  // unless something else is in it now
  }
  const auto failed = [&](const std::vector<std::string>& why) {
    return Error(fmt::format("{} of {} could not be moved back (the first: {})",
                             failures.size() + gone.size(),
                             counted(journal.moves.size(), "picture", "pictures"), why.front()));
  };
  if (!failures.empty()) throw failed(failures);
  sync_file_system(places.folder);
  write_state(places, journal, Journal::State::undone);
  // To try again would not bring them back, so this is the end of taking back.
  if (!gone.empty()) throw failed(gone);
  return told(places, journal, false);
}

}  // namespace bart
