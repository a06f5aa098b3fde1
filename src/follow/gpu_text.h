#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "bart/engine/device.h"
#include "bart/network/architecture.h"
#include "bart/record/run_settings.h"
#include "log.h"

namespace bart {

/// Logs that a GPU computes: the original's line, and which one it is.
void log_gpu(Log& log, std::string_view name);

/// choose_device() with memory for evaluations, and if `training` for steps, of this network and batch size.
/// Says in the log that it is a GPU, or why "auto" does not take the one that is there.
std::shared_ptr<Device> device_named(const std::string& name, const Architecture& architecture,
                                     int batch_size, bool training, Log& log);

/// What computes predictions.
struct PredictionDevice {
  std::shared_ptr<Device> device;  // nullptr: this computer's processor
  Precision precision;
};
/// What the device, the precision and the batch size of `asked` mean for the model in the file or folder
/// `model`: says in the log that it is a GPU, or why "auto" does not take the one that is there. If other
/// processes share the work it is the processor. Throws SettingError, and Error as choose_device().
PredictionDevice prediction_device(const RunSettings& asked, const std::filesystem::path& model, bool shared,
                                   Log& log);

}  // namespace bart
