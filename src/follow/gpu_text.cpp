#include "gpu_text.h"

#include <fmt/format.h>

#include "bart/cuda/choose_device.h"
#include "bart/engine/lack_of_memory.h"
#include "bart/model/find_model.h"
#include "bart/model/model_file.h"
#include "bart/platform/error.h"
#include "bart/run/settle.h"

namespace bart {
namespace {

/// Before anything is read: a device that "auto" chose and that has too little memory leaves the work to the
/// processor. Throws Error if another one has too little.
void check_memory(ChosenDevice& chosen, bool automatic, const Architecture& architecture, Precision precision,
                  int batch_size, bool training) {
  const auto lack = lack_of_memory(
      architecture, {.precision = precision, .evaluation_precision = precision, .device = chosen.device},
      batch_size, training);
  if (!lack) return;
  if (!automatic) throw Error(*lack);
  chosen = {.device = nullptr, .note = processor_instead(*lack)};
}

void say(const ChosenDevice& chosen, Log& log) {
  if (!chosen.note.empty()) log.warning(chosen.note);
  if (chosen.device != nullptr) log_gpu(log, chosen.device->name());
}

}  // namespace

void log_gpu(Log& log, std::string_view name) {
  log.info("Using CUDA");
  log.info(fmt::format("The GPU is {}", name));
}

PredictionDevice prediction_device(const RunSettings& asked, const std::filesystem::path& model, bool shared,
                                   Log& log) {
  check(asked, {"device"});
  const bool automatic = asked.device == "auto";
  if (shared && !automatic && asked.device != "cpu") {
    throw SettingError(
        fmt::format("several processes compute on processors: leave {{device}} {} out", asked.device));
  }
  ChosenDevice chosen = choose_device(shared ? "cpu" : asked.device);
  if (chosen.device != nullptr) {
    check_memory(chosen, automatic, architecture_of(read_model_without_labels(find_model(model)).state),
                 settled_precision(asked, chosen.device.get()), asked.batch_size, false);
  }
  say(chosen, log);
  return {chosen.device, settled_precision(asked, chosen.device.get())};
}

std::shared_ptr<Device> device_named(const std::string& name, const Architecture& architecture,
                                     int batch_size, bool training, Log& log) {
  ChosenDevice chosen = choose_device(name);
  check_memory(chosen, name == "auto", architecture, Precision::f32, batch_size, training);
  say(chosen, log);
  return chosen.device;
}

}  // namespace bart
