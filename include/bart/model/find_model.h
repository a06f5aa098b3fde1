#pragma once

#include <filesystem>

#include "bart/model/model_file.h"
#include "bart/record/run_folder.h"

namespace bart {

/// A model that a user named.
struct FoundModel {
  std::filesystem::path file;
  RunFolder
      run;  // where the training that made it keeps its labels and its record, if it lies in such a folder
};

/// What `path` names: a model file, a checkpoint of a training, or the folder of a training (its results or
/// the bart-run/ inside), of which it is the best model where one was kept, else the last one, else the
/// newest checkpoint. Throws Error when a folder holds none of these.
FoundModel find_model(const std::filesystem::path& path);

/// Reads what find_model found, with its class names. Labels are looked for beside the model, or in the
/// results of a checkpoint's training, never elsewhere, unless `labels` says where. Throws Error when a file
/// cannot be read, or model and labels are not of the same training.
ModelFile read_model(const FoundModel& found, const std::filesystem::path& labels = {});

/// Reads what find_model found without looking for labels: `classes` are those that the file itself names,
/// if any. Throws Error when the file cannot be read.
ModelFile read_model_without_labels(const FoundModel& found);

}  // namespace bart
