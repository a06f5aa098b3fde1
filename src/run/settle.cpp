#include "bart/run/settle.h"

#include <fmt/format.h>

#include <algorithm>

#include "bart/platform/lies_in.h"
#include "bart/platform/threads.h"
#include "bart/record/dropout_text.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// The threads of a deterministic training where the bits depend on their number.
constexpr int deterministic_threads = 4;

Precision settled_precision(const RunSettings& asked) {
  if (asked.exact && asked.precision == "bf16") {
    throw SettingError("{exact} trains in f32: leave {precision} bf16 out");
  }
  if (asked.precision == "bf16" && !runs_bf16()) {
    throw SettingError("{precision} bf16: BART has no bf16 kernels for this processor: use {precision} f32");
  }
  if (asked.exact) return Precision::f32;
  const bool bf16 = asked.precision == "bf16" || (asked.precision == "auto" && multiplies_bf16());
  return bf16 ? Precision::bf16 : Precision::f32;
}

ScheduleKind schedule_of(const std::string& name) {
  if (name == "cosine") return ScheduleKind::cosine;
  if (name == "one-cycle") return ScheduleKind::one_cycle;
  return name == "step" ? ScheduleKind::step : ScheduleKind::constant;
}

}  // namespace

SettledSettings settle(const RunSettings& asked) {
  check(asked);
  if (asked.out.empty()) throw SettingError("{out} must name a folder");
  SettledSettings settled{asked, {}};
  RunSettings& values = settled.values;
  const Precision precision = settled_precision(asked);
  values.precision = precision == Precision::bf16 ? "bf16" : "f32";
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

InitialValues initial_values_of(const RunSettings& settings) {
  return settings.init_values == "he" ? InitialValues::he : InitialValues::pytorch;
}

Architecture architecture_of(const RunSettings& settings, std::size_t classes) {
  Architecture architecture{.classes = static_cast<int>(classes), .image_size = settings.image_size};
  set_dropout(settings.dropout, architecture);
  return architecture;
}

void check_cache(const fs::path& cache, const fs::path& data_folder) {
  if (!cache.empty() && lies_in(cache, data_folder)) {
    throw SettingError(
        fmt::format("the cache {} is in the data folder {}: name another folder with {{cache}}",
                    cache.string(), data_folder.string()));
  }
}

void check_out(const fs::path& out, const fs::path& data_folder) {
  if (lies_in(out, data_folder)) {
    throw SettingError(
        fmt::format("{{out}} {} is in the data folder {}", out.string(), data_folder.string()));
  }
}

}  // namespace bart
