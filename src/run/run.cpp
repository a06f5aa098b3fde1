#include "bart/run/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "bart/checkpoint/checkpoint_folder.h"
#include "bart/model/origin.h"
#include "bart/network/state_dict.h"
#include "bart/platform/files.h"
#include "bart/platform/folder_lock.h"
#include "bart/platform/lies_in.h"
#include "bart/record/version.h"
#include "bart/run/settle.h"
#include "files_of_others.h"
#include "run_in_progress.h"
#include "written_files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

RunSettings settings_of(const Checkpoint& checkpoint) {
  RunSettings settings;
  settings.device = "cpu";  // what computed before there was a choice
  for (const Setting& setting : run_settings()) {
    const auto kept = checkpoint.settings.find(fmt::format("--{}", setting.flag));
    if (kept == checkpoint.settings.end()) continue;
    if (!set_from_text(setting, settings, kept->second)) {
      throw Error(fmt::format("the checkpoint's {} is \"{}\"", setting.name, kept->second));
    }
  }
  return settings;
}

/// The lock of the folder if it exists: only one training may write into it at a time. So a second training
/// fails before it reads a picture.
std::unique_ptr<FolderLock> lock_of(const RunFolder& folder) {
  if (!fs::is_directory(folder.record())) return nullptr;
  return std::make_unique<FolderLock>(folder.record());
}

/// Writes RunFolder::begun() if there are checkpoints of an earlier training; removes it if this one fails.
class BegunMark {
 public:
  BegunMark(const RunFolder& out, const fs::path& data) : path_(out.begun()) {
    check_writable_file(path_);  // a pipe of the user's would be written into, and removed
    if (!has_checkpoint(out.record())) return;
    try {
      write_file(path_, data.string() + "\n");
    } catch (const Error&) {  // it may be there although its folder could not be synced
      remove();
      throw;
    }
  }
  ~BegunMark() { remove(); }
  BegunMark(const BegunMark&) = delete;
  BegunMark& operator=(const BegunMark&) = delete;

 private:
  void remove() const {
    std::error_code gone;
    fs::remove(path_, gone);
  }

  fs::path path_;
};

/// Whether a checkpoint in the folder, other than `found`, is of the training in the record.
bool has_own_checkpoint(const RunFolder& folder, const RunRecord& record, const fs::path& found) {
  return std::ranges::any_of(paths_in(folder.record()), [&](const fs::path& file) {
    if (file == found || !file.filename().string().starts_with(RunFolder::checkpoint_prefix)) return false;
    try {
      return wrote_checkpoint(record, decode_checkpoint(read_file(file, most_result_bytes)));
    } catch (const Error&) {  // damaged
      return false;
    }
  });
}

/// Throws Error if the checkpoint is of another training than the record and the one in the record would lose
/// its model or its own checkpoints to it. A training that was killed before it had either loses nothing: a
/// checkpoint of the training before it may have been renamed to be continued.
void check_origin(const RunFolder& folder, const FoundCheckpoint& found) {
  const auto started = found.checkpoint.settings.find(started_setting);
  if (!fs::exists(folder.run_json()) || started == found.checkpoint.settings.end()) return;
  const RunRecord record = read_run_record(folder);
  if (record.started.empty() || wrote_checkpoint(record, found.checkpoint)) return;
  if (record.models.empty() && !has_own_checkpoint(folder, record, found.path)) return;
  throw Error(
      fmt::format("{} is not a checkpoint of the training in {}: move it away to continue that training, or "
                  "into {} in a new folder to continue its own there",
                  found.path.string(), folder.run_json().string(), RunFolder::record_name));
}

/// Throws ChangedSetting if a setting that affects the result has changed. Devices differ in the precisions
/// that they have, and a training that goes on elsewhere is rounded otherwise in any of them.
void check_unchanged(const RunSettings& before, const RunSettings& now) {
  for (const Setting& setting : run_settings()) {
    if (setting.effect != Effect::result || text_of(setting, before) == text_of(setting, now)) continue;
    if (std::string_view(setting.flag) == "precision" && before.device != now.device) continue;
    const auto told = [&](const RunSettings& settings) {
      const std::string text = text_of(setting, settings);
      return text.empty() ? std::string("none") : text;
    };
    throw ChangedSetting(fmt::format("{{{}}} is {}, but the training to continue began with {}", setting.flag,
                                     told(now), told(before)));
  }
  const bool epochs_decide = before.schedule != "constant" || before.mild_epochs > 0 || before.average > 0;
  if (epochs_decide && before.epochs != now.epochs) {
    throw ChangedSetting(
        fmt::format("{{epochs}} is {}, but the training to continue was made for {}: its learning "
                    "rates, augmentation or average depend on it",
                    now.epochs, before.epochs));
  }
  if ((before.average > 0 || before.calibrate != "none") && before.patience != now.patience) {
    throw ChangedSetting(fmt::format(
        "{{patience}} is {}, but the training to continue began with {}: when it ends its model is "
        "averaged or calibrated, and its figures are those of that model",
        now.patience, before.patience));
  }
}

std::string place_text(const RunSettings& settings) {
  return fmt::format("on {} in {}", settings.device == "cpu" ? "the processor" : settings.device,
                     settings.precision);
}

/// The settings of a training that is resumed. Throws SettingError if the device that it began on cannot be
/// used: another one gives other bits, so that it must be named.
SettledSettings settle_again(const RunSettings& asked, const RunSettings& before,
                             const Architecture& architecture) {
  try {
    SettledSettings settled = settle(asked);
    check_memory_of_device(settled, architecture);
    return settled;
  } catch (const SettingError&) {
    throw;
  } catch (const Error& error) {
    if (asked.device != before.device) throw;
    throw SettingError(
        fmt::format("{}; with {{device}} cpu the training goes on on the processor", error.what()), false);
  }
}

/// Lets the training be computed by all processes of the group. Throws SettingError if it cannot be shared.
void share_among(Group* group, SettledSettings& settled) {
  if (group == nullptr) return;
  if (settled.values.exact)
    throw SettingError("{exact} is for one process: start the training without a launcher");
  if (!settled.values.deterministic) {
    throw SettingError(
        "the training to continue began on one process without {deterministic}: continue it on one process");
  }
  if (settled.training.slices % group->size() != 0) {
    throw SettingError(
        fmt::format("a training is shared by 1, 2, 4 or 8 processes, not by {}", group->size()));
  }
  settled.training.group = group;
}

}  // namespace

RunResult train(const fs::path& folder, const RunSettings& settings, const RunObserver& observer,
                const RunCommand& command, Group* group) {
  RunSettings asked = settings;
  if (group != nullptr) asked.deterministic = true;
  SettledSettings settled = settle(asked);
  share_among(group, settled);
  const RunFolder out(settings.out);
  auto lock = lock_of(out);
  const BegunMark mark(out, folder);
  return RunInProgress(folder, std::move(settled), observer).run(std::nullopt, std::move(lock), command);
}

RunResult resume(const fs::path& results, const ResumeOptions& options, const RunObserver& observer,
                 Group* group) {
  const RunFolder run_folder(results);
  auto lock = lock_of(run_folder);
  FoundCheckpoint found = newest_checkpoint(run_folder.record());
  for (const std::string& damaged : found.damaged) {
    if (observer.warning) observer.warning(fmt::format("Passed over {}", damaged));
  }
  if (found.checkpoint.version != bart_version()) {
    throw Error(
        fmt::format("{} is of BART {}, this is {}: continue with that version, or begin a new training",
                    found.path.string(), found.checkpoint.version, bart_version()));
  }
  check_origin(run_folder, found);
  const fs::path began = found.checkpoint.settings[folder_setting];
  if (options.folder.empty() && fs::exists(run_folder.begun())) {
    throw Error(fmt::format(
        "the newest training in {} was killed before its first checkpoint, and the checkpoints there "
        "are of the one before: to continue that one, name its data folder, {}; or begin the "
        "new one again",
        results.string(), began.string()));
  }
  const RunSettings before = settings_of(found.checkpoint);
  RunSettings asked = before;
  if (options.change) options.change(asked);
  asked.out = results.string();
  SettledSettings settled = settle_again(asked, before, architecture_of(found.checkpoint.training.model));
  check_unchanged(before, settled.values);
  if (before.device != settled.values.device) {
    settled.warnings.push_back(
        fmt::format("The training began {}, and goes on {}: from here on it is rounded otherwise",
                    place_text(before), place_text(settled.values)));
  }
  share_among(group, settled);
  const int done = found.checkpoint.training.progress.epoch - 1;
  if (done > asked.epochs) {
    throw SettingError(
        fmt::format("{{epochs}} is {}, but {} are done: name at least as many", asked.epochs, done));
  }
  const std::size_t steps = found.checkpoint.training.progress.steps.size();
  if (asked.max_steps > 0 && std::cmp_less(asked.max_steps, steps)) {
    throw SettingError(
        fmt::format("{{max-steps}} is {}, but {} are done: name at least as many", asked.max_steps, steps));
  }
  const fs::path folder = options.folder.empty() ? began : options.folder;
  return RunInProgress(folder, std::move(settled), observer)
      .run(std::move(found), std::move(lock), {.text = options.command, .given = {}});
}

bool is_past_and_elsewhere(const fs::path& results, const fs::path& folder) {
  const RunFolder run(results);
  if (folder.empty() || !fs::exists(run.run_json())) return false;
  if (read_run_record(run).unfinished() && !fs::exists(run.begun())) return false;
  const FoundCheckpoint found = newest_checkpoint(run.record());
  const auto began = found.checkpoint.settings.find(folder_setting);
  return began != found.checkpoint.settings.end() && !is_same_place(folder, began->second);
}

}  // namespace bart
