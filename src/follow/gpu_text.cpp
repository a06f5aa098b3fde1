#include "gpu_text.h"

#include <fmt/format.h>

#include "bart/cuda/choose_device.h"
#include "bart/engine/engine.h"
#include "bart/model/find_model.h"
#include "bart/model/model_file.h"
#include "bart/run/settle.h"

namespace bart {
namespace {

/// Throws Error if the device has too little memory for predictions of the model.
void check_memory(const std::filesystem::path& model, const PredictionDevice& chosen) {
  constexpr std::int64_t batch_size = 32;
  Engine(architecture_of(read_model_without_labels(find_model(model)).state),
         {.evaluation_precision = chosen.precision, .device = chosen.device})
      .reserve(batch_size, false);
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
  if (chosen.device != nullptr && automatic) {
    try {
      check_memory(model, {chosen.device, settled_precision(asked, chosen.device.get())});
    } catch (const Error& error) {
      chosen = {.device = nullptr, .note = processor_instead(error.what())};
    }
  }
  say(chosen, log);
  return {chosen.device, settled_precision(asked, chosen.device.get())};
}

std::shared_ptr<Device> device_named(const std::string& name, Log& log) {
  const ChosenDevice chosen = choose_device(name);
  say(chosen, log);
  return chosen.device;
}

}  // namespace bart
