#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

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
  std::string precision = "f32";
  std::string tta = "none";
};

/// Adds --model, --labels and --threads.
void add_model_flags(CLI::App& command, ModelFlags& flags);
/// Adds --labels and --threads only.
void add_labels_flags(CLI::App& command, ModelFlags& flags);
/// Adds --precision with a help text about predictions.
void add_prediction_precision_flag(CLI::App& command, ModelFlags& flags);

/// Adds --tta, for test-time augmentation.
void add_tta_flag(CLI::App& command, ModelFlags& flags);

/// Adds --precision with the help text `help`.
void add_precision_flag(CLI::App& command, std::string& precision, const std::string& help);

/// f32 or bf16 by name; auto is bf16 if the processor multiplies it. Throws UsageError for bf16 if there are
/// no kernels for this processor.
Precision precision_named(const std::string& name);

/// Throws UsageError for a --top-k below 1.
void check_top_k(const std::optional<int>& top_k);

/// find_picture_files(), whose error names --recursive if that may help.
PictureFiles pictures_named(const std::vector<std::string>& inputs, bool recursive);

/// The files that a command reads: the model, the labels if they are named, and the pictures.
std::vector<std::filesystem::path> inputs_of(const ModelFlags& flags, std::span<const PictureFile> pictures);

ModelOptions model_options(const ModelFlags& flags);

/// The model that the flags name, with a warning in the log if its class names may be wrong.
Model load_model(const ModelFlags& flags, const ModelOptions& options, Log& log);

}  // namespace bart
