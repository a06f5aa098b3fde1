#include "bart/checkpoint/checkpoint_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <map>
#include <string_view>
#include <system_error>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/record/run_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view checkpoint = RunFolder::checkpoint_prefix;
constexpr std::string_view earlier = RunFolder::earlier_checkpoint_prefix;
constexpr std::string_view extension = RunFolder::checkpoint_ending;
constexpr std::uint64_t largest_file = std::uint64_t{1} << 40;

/// The files "<prefix><number>.safetensors" of a folder by their number. Throws Error when the folder cannot
/// be read.
std::map<std::int64_t, fs::path> numbered(const fs::path& folder, std::string_view prefix) {
  std::map<std::int64_t, fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(extension)) continue;
    const char* const last = name.data() + name.size() - extension.size();
    std::int64_t number = 0;
    const auto [stop, failed] = std::from_chars(name.data() + prefix.size(), last, number);
    if (failed == std::errc{} && stop == last && number >= 0) found[number] = entry->path();
  }
  if (error) throw Error(fmt::format("cannot read the folder {}: {}", folder.string(), error.message()));
  return found;
}

void remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) throw Error(fmt::format("cannot remove {}: {}", path.string(), error.message()));
}

}  // namespace

fs::path save_checkpoint(const fs::path& folder, Checkpoint content) {
  const auto steps = static_cast<std::int64_t>(content.training.progress.steps.size());
  const fs::path path = folder / fmt::format("{}{}{}", checkpoint, steps, extension);
  write_file(path, encode_checkpoint(std::move(content)));
  std::map<std::int64_t, fs::path> kept = numbered(folder, checkpoint);
  // Checkpoints with more steps are damaged: they were passed over when this training resumed from an older
  // one.
  for (auto later = kept.upper_bound(steps); later != kept.end(); later = kept.erase(later)) {
    remove_file(later->second);
  }
  for (; kept.size() > 2; kept.erase(kept.begin())) remove_file(kept.begin()->second);
  // Before its first step a training has nothing that is worth more than the earlier checkpoints.
  if (steps > 0) {
    for (const auto& [number, old] : numbered(folder, earlier)) remove_file(old);
  }
  return path;
}

FoundCheckpoint newest_checkpoint(const fs::path& folder) {
  std::map<std::int64_t, fs::path> candidates;
  if (fs::is_directory(folder)) candidates = numbered(folder, checkpoint);
  std::vector<std::string> damaged;
  for (auto candidate = candidates.rbegin(); candidate != candidates.rend(); ++candidate) {
    const fs::path& path = candidate->second;
    try {
      return {path, decode_checkpoint(read_file(path, largest_file)), damaged};
    } catch (const Error& error) {
      damaged.push_back(fmt::format("{}: {}", path.string(), error.what()));
    }
  }
  if (!damaged.empty()) {
    throw Error(fmt::format("no checkpoint in {} can be used ({}): begin a new training", folder.string(),
                            fmt::join(damaged, "; ")));
  }
  std::string sentence = fmt::format("there is no checkpoint in {} to continue from", folder.string());
  if (const auto old = fs::is_directory(folder) ? numbered(folder, earlier) : decltype(candidates){};
      !old.empty()) {
    sentence += fmt::format(
        ", only one of the training before, {}: rename it to {}{}{} to continue that one, "
        "or begin the new training again",
        old.rbegin()->second.string(), checkpoint, old.rbegin()->first, extension);
  } else {
    sentence += ": begin a new training, or name the folder of another one";
  }
  throw Error(sentence);
}

std::optional<fs::path> set_checkpoints_aside(const fs::path& folder) {
  const std::map<std::int64_t, fs::path> found = numbered(folder, checkpoint);
  if (found.empty()) return std::nullopt;
  for (const auto& [number, old] : numbered(folder, earlier)) remove_file(old);
  fs::path newest;
  // The newest is renamed last, so that it is still a checkpoint if this is interrupted.
  for (const auto& [number, path] : found) {
    newest = folder / fmt::format("{}{}{}", earlier, number, extension);
    std::error_code error;
    fs::rename(path, newest, error);
    if (error) {
      throw Error(fmt::format("cannot rename {} to {}: {}", path.string(), newest.string(), error.message()));
    }
  }
  return newest;
}

void restore_checkpoints(const fs::path& folder) {
  if (!numbered(folder, checkpoint).empty()) return;
  for (const auto& [number, path] : numbered(folder, earlier)) {
    std::error_code left;  // it can still be renamed by hand
    fs::rename(path, folder / fmt::format("{}{}{}", checkpoint, number, extension), left);
  }
}

bool has_checkpoint(const fs::path& folder) {
  return fs::is_directory(folder) && !numbered(folder, checkpoint).empty();
}

}  // namespace bart
