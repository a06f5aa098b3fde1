#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bart/model/model_file.h"
#include "bart/record/run_folder.h"

namespace bart {

struct Checkpoint;

/// A model that a user named.
struct FoundModel {
  std::filesystem::path file;
  RunFolder
      run;  // of the training that wrote it, with its labels and record, if the file lies in such a folder
};

/// The model that `path` names: a model file, a checkpoint, or the folder of a training (its results or the
/// bart-run/ inside). Of a training it is the best model if one was kept, else the last model, else the
/// newest checkpoint. Throws Error when a folder holds none of these.
FoundModel find_model(const std::filesystem::path& path);

/// The files that read_model() may read for it, with the same `labels`.
std::vector<std::filesystem::path> paths_of(const FoundModel& found,
                                            const std::filesystem::path& labels = {});

/// Reads a model that find_model() found, with its class names. Labels are read from `labels`, or else from
/// beside the model; those of a checkpoint are in the record of its training. `warn` gets a sentence if the
/// names are those of a training that did not write the model, according to its record. Throws Error when a
/// file cannot be read, or when model and labels are not of the same training.
ModelFile read_model(const FoundModel& found, const std::filesystem::path& labels = {},
                     const std::function<void(const std::string&)>& warn = {});

/// The same for the bytes of the model's file, for whoever needs them for something else, too.
ModelFile decode_model(const FoundModel& found, std::span<const std::uint8_t> bytes,
                       const std::filesystem::path& labels = {},
                       const std::function<void(const std::string&)>& warn = {});

/// Reads a model that find_model() found without looking for labels: `classes` are those that the file itself
/// names, or for a checkpoint the record of its training, if any. Throws Error when the file cannot be read.
ModelFile read_model_without_labels(const FoundModel& found);

/// The class names of a checkpoint of the training `run`, if its record has them; else none.
std::vector<std::string> recorded_classes(const RunFolder& run, const Checkpoint& checkpoint);

/// Whether the record where the model lies says that its training wrote it. False where there is none, or it
/// cannot be read. Throws Error when the file cannot be read.
bool is_known_to_be_of_its_training(const FoundModel& found);

/// Whether there is a record where the model lies, and it says that its training wrote neither this file nor
/// one with the same weights. Then that record does not tell which pictures the model was trained on. Throws
/// Error when the file cannot be read.
bool is_of_another_training(const FoundModel& found);

/// Throws Error if so, for whoever wants to know which pictures the model was trained on.
void check_training_of(const FoundModel& found);

}  // namespace bart
