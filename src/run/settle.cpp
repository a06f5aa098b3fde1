#include "bart/run/settle.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "bart/cuda/choose_device.h"
#include "bart/engine/lack_of_memory.h"
#include "bart/engine/precision_text.h"
#include "bart/platform/error.h"
#include "bart/platform/lies_in.h"
#include "bart/platform/make_folders.h"
#include "bart/platform/threads.h"
#include "bart/record/dropout_text.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// The threads of a deterministic training where the bits depend on their number.
constexpr int deterministic_threads = 4;

/// What computes. Throws SettingError for a GPU if a processor is needed.
ChosenDevice settled_device(const RunSettings& asked) {
  if (!asked.exact && !asked.deterministic) return choose_device(asked.device);
  if (asked.device == "auto" || asked.device == "cpu") return {};
  throw SettingError(fmt::format("a training with {} is computed on the processor: leave {{device}} {} out",
                                 asked.exact ? "{exact}" : "{deterministic} or under mpirun", asked.device));
}

ScheduleKind schedule_of(const std::string& name) {
  if (name == "cosine") return ScheduleKind::cosine;
  if (name == "one-cycle") return ScheduleKind::one_cycle;
  return name == "step" ? ScheduleKind::step : ScheduleKind::constant;
}

}  // namespace

Precision settled_precision(const RunSettings& settings, const Device* device) {
  const std::string& asked = settings.precision;
  if (settings.exact && (asked == "bf16" || asked == "tf32"))
    throw SettingError(fmt::format("{{exact}} trains in f32: leave {{precision}} {} out", asked));
  if (settings.exact) return Precision::f32;
  if (device != nullptr) {
    return asked == "f32" ? Precision::f32 : asked == "bf16" ? Precision::bf16 : Precision::tf32;
  }
  if (asked == "bf16" && !runs_bf16()) {
    throw SettingError("{precision} bf16: BART has no bf16 kernels for this processor: use {precision} f32");
  }
  return asked == "bf16" || (asked == "auto" && multiplies_bf16()) ? Precision::bf16 : Precision::f32;
}

SettledSettings settle(const RunSettings& asked) {
  check(asked);
  if (asked.out.empty()) throw SettingError("{out} must name a folder");
  ChosenDevice chosen = settled_device(asked);
  SettledSettings settled{asked, {}, {}, {}};
  if (!chosen.note.empty()) settled.warnings.push_back(chosen.note);
  RunSettings& values = settled.values;
  if (chosen.device == nullptr) {
    values.device = "cpu";
  } else if (asked.device == "auto") {
    values.device = "cuda";
    settled.otherwise = asked;
    settled.otherwise->device = "cpu";
  }
  const Precision precision = settled_precision(asked, chosen.device.get());
  values.precision = precision_text(precision);
  if (values.threads == 0) values.threads = available_threads();
  for (std::string* folder : {&values.cache, &values.test_folder, &values.validation_folder}) {
    if (!folder->empty()) *folder = fs::absolute(*folder).string();  // to resume from elsewhere
  }
  settled.training = {
      .epochs = values.epochs,
      .batch_size = values.batch_size,
      .learning_rate = values.learning_rate,
      .seed = static_cast<std::uint32_t>(values.seed),
      .threads = values.deterministic && bits_depend_on_threads(precision, values.exact)
                     ? deterministic_threads
                     : values.threads,
      .precision = precision,
      .exact = values.exact,
      .slices = values.deterministic && !values.exact ? shared_training_slices : 1,
      .device = std::move(chosen.device),
      .balanced_classes = values.class_weights == "balanced",
      .clip_norm = values.clip_norm,
      .schedule = schedule_of(values.schedule),
      .warm_up_epochs = values.warm_up,
      .optimizer = {.kind = values.optimizer == "sgd" ? OptimizerKind::sgd : OptimizerKind::adam,
                    .beta2 = values.beta2,
                    .weight_decay = values.weight_decay},
      .label_smoothing = values.label_smoothing,
      .logit_adjustment = values.logit_adjustment,
      .augmentation = augmentation_of(values.augment),
      .mild_epochs = values.mild_epochs,
      .average_decay = values.average,
      .calibrate = values.calibrate == "temperature",
      .settles_every_epoch = !values.best.empty()};
  if (values.max_steps > 0) settled.training.max_steps = values.max_steps;
  return settled;
}

void check_memory_of_device(SettledSettings& settled, const Architecture& architecture) {
  const TrainOptions& training = settled.training;
  const auto lack = lack_of_memory(architecture, {.precision = training.precision, .device = training.device},
                                   training.batch_size, true);
  if (!lack) return;
  if (!settled.otherwise) throw Error(*lack);
  std::vector<std::string> warnings = std::move(settled.warnings);
  warnings.push_back(processor_instead(*lack));
  settled = settle(RunSettings(*settled.otherwise));
  settled.warnings = std::move(warnings);
}

void tell_settled(const SettledSettings& settled, const std::function<void(const std::string&)>& warning,
                  const std::function<void(const std::string&)>& gpu) {
  for (const std::string& sentence : settled.warnings) {
    if (warning) warning(sentence);
  }
  if (settled.training.device != nullptr && gpu) gpu(settled.training.device->name());
}

InitialValues initial_values_of(const RunSettings& settings) {
  return settings.init_values == "he" ? InitialValues::he : InitialValues::pytorch;
}

Architecture architecture_of(const RunSettings& settings, std::size_t classes) {
  Architecture architecture{.classes = static_cast<int>(classes), .image_size = settings.image_size};
  set_dropout(settings.dropout, architecture);
  return architecture;
}

std::vector<fs::path> data_folders(const fs::path& folder, const RunSettings& settings) {
  std::vector<fs::path> folders = {folder};
  for (const std::string& one : {settings.test_folder, settings.validation_folder}) {
    if (!one.empty()) folders.emplace_back(one);
  }
  return folders;
}

void check_cache(const fs::path& cache, const std::vector<fs::path>& data_folders) {
  for (const fs::path& folder : data_folders) {
    if (cache.empty() || !lies_in(cache, folder)) continue;
    throw SettingError(
        fmt::format("the cache {} is in the data folder {}: name another folder with {{cache}}",
                    cache.string(), folder.string()));
  }
  if (cache.empty()) return;
  std::error_code unknown;
  const fs::path there = existing_part(fs::absolute(cache, unknown));
  if (!there.empty() && !fs::is_directory(there, unknown)) {
    throw SettingError(
        fmt::format("the cache {} cannot be made, since {} is not a folder: name another one with {{cache}}",
                    cache.string(), there.string()));
  }
}

void check_out(const fs::path& out, const std::vector<fs::path>& data_folders) {
  if (out == "-")
    throw SettingError(
        "{out} - is not stdout, since the results are a folder: name a folder, or ./- for this one");
  for (const fs::path& folder : data_folders) {
    if (!fs::is_directory(folder) || !lies_in(out, folder)) continue;
    throw SettingError(
        fmt::format("{{out}} {} is in the data folder {}: name another folder, or run from outside",
                    out.string(), folder.string()));
  }
}

}  // namespace bart
