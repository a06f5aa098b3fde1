#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "bart/record/run_folder.h"

namespace bart {

/// No file of a training's results is larger.
constexpr std::uint64_t most_result_bytes = std::uint64_t{1} << 40;

/// hash_of() the file's bytes. Throws Error when it cannot be read.
std::uint64_t fingerprint_of_file(const std::filesystem::path& file);

/// The results in the folder that no training of BART wrote and that a training with `test_pictures`
/// replaces. Throws Error when one of them cannot be read.
std::vector<std::filesystem::path> files_of_others(const RunFolder& run, std::size_t test_pictures);

/// Those of them that are test pictures with numbers from `first` on, and below `end`.
std::vector<std::filesystem::path> pictures_of_others(const RunFolder& run, std::size_t first,
                                                      std::size_t end);

/// What others put into before/ or earlier/ beside the files that a training keeps there.
std::vector<std::filesystem::path> files_beside(const RunFolder& kept);

/// The files under the names of a record, TensorBoard's events and checkpoints included, that lie in
/// bart-run/ without a run.json: no training is known to have written them. Nothing where there is a
/// run.json.
std::vector<std::filesystem::path> unrecorded_files(const RunFolder& run);

/// TensorBoard's event files in bart-run/.
std::vector<std::filesystem::path> event_files(const RunFolder& run);

/// The pictures in inference_images/ whose names are those of test pictures.
std::vector<std::filesystem::path> test_pictures_in(const std::filesystem::path& folder);

/// Whether the record in the folder is of a training that wrote no model, because it was killed or
/// interrupted or diverged.
bool without_model(const RunFolder& run);

/// Whether both are regular files with the same content.
bool is_same_content(const std::filesystem::path& one, const std::filesystem::path& other);

}  // namespace bart
