#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/record/run_folder.h"

namespace bart {

/// The names of pictures with their fingerprints. A name has two where a training was killed while it
/// replaced the pictures of another one.
using WrittenPictures = std::set<std::pair<std::string, std::uint64_t>>;

/// The content of RunFolder::written_pictures_csv(); absent if the training did not write the file.
std::optional<WrittenPictures> read_written_pictures(const RunFolder& folder);

/// What lies in a folder, by name; nothing if it is not there.
std::vector<std::filesystem::path> paths_in(const std::filesystem::path& folder);

/// Throws Error when the file cannot be written or what is there is a folder, a pipe, a device or a socket,
/// as far as can be known without writing.
void check_writable_file(const std::filesystem::path& file);
/// Throws Error when the results cannot be written there, as far as can be known without writing.
void check_writable(const RunFolder& folder);
/// Throws Error if one of the first `test_pictures` test pictures is there and may not be replaced.
void check_test_pictures_writable(const RunFolder& folder, std::size_t test_pictures);
/// The same as check_writable() for the report alone.
void check_report_writable(const RunFolder& folder);

/// Writes the test pictures as the original does, as inference_images/pic_{i}.jpg.
void save_test_pictures(const RunFolder& folder, const LoadedPictures& pictures, const Split& split,
                        int threads);

/// The number of pictures that an earlier training with more test pictures left in inference_images/.
std::size_t leftover_pictures(const RunFolder& folder, std::size_t test_pictures);

/// Removes what trainings into this folder left behind that were killed in the middle of a write.
void remove_unfinished_files(const RunFolder& folder);

}  // namespace bart
