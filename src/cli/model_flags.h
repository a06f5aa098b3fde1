#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bart/model/find_model.h"
#include "bart/model/model.h"
#include "bart/model/picture_files.h"
#include "bart/record/run_folder.h"

namespace CLI {
class App;
}

namespace bart {

class Log;

/// The flags of every command that uses a trained model.
struct ModelFlags {
  std::filesystem::path model = RunFolder::model_name;
  std::filesystem::path labels;  // empty: beside the model
  int threads = 0;
  std::string device = "auto";
  std::string precision = "f32";
  std::string tta = "none";
};

/// Adds --model, --labels and --threads.
void add_model_flags(CLI::App& command, ModelFlags& flags);
/// Adds --labels and --threads only.
void add_labels_flags(CLI::App& command, ModelFlags& flags);
/// Adds --labels only.
void add_labels_flag(CLI::App& command, std::filesystem::path& labels);
/// Adds --device.
void add_device_flag(CLI::App& command, std::string& device);
/// Adds --device, --precision and --tta, for predictions.
void add_prediction_flags(CLI::App& command, ModelFlags& flags);

/// Throws UsageError for a --top-k below 1.
void check_top_k(const std::optional<int>& top_k);

/// find_picture_files(), whose error names --recursive if that may help.
PictureFiles pictures_named(const std::vector<std::string>& inputs, bool recursive);

/// The files that a command reads: the model, its labels, and the pictures.
std::vector<std::filesystem::path> inputs_of(const FoundModel& found, const ModelFlags& flags,
                                             std::span<const PictureFile> pictures);

/// Says in the log if a GPU computes. With a group the processor does.
ModelOptions model_options(const ModelFlags& flags, Log& log, const Group* group = nullptr,
                           int batch_size = 32);

/// read_model() with the labels that the flags name, and a warning in the log if they may be wrong.
ModelFile read_named_model(const FoundModel& found, const ModelFlags& flags, Log& log);

}  // namespace bart
