#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/record/run_folder.h"

namespace bart {

/// Throws Error when the folder cannot be made.
void create_folder(const std::filesystem::path& folder);

/// The folder, or the nearest one above it that exists.
std::filesystem::path existing_part(std::filesystem::path folder);

/// Throws Error when the results cannot be written there, as far as can be known without writing.
void check_writable(const RunFolder& folder);

/// "pic_0.jpg".
std::string test_picture_name(std::size_t i);

/// Writes the test pictures as the original does, as inference_images/pic_{i}.jpg.
void save_test_pictures(const RunFolder& folder, const LoadedPictures& pictures, const Split& split,
                        int threads);

/// How many pic_N.jpg of an earlier, larger training lie in inference_images/ beside this one's.
std::size_t leftover_pictures(const RunFolder& folder, std::size_t test_pictures);

/// Removes what trainings into this folder left behind that were killed in the middle of a write.
void remove_unfinished_files(const RunFolder& folder);

}  // namespace bart
