#include "written_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"

namespace bart {

namespace fs = std::filesystem;

std::string test_picture_name(std::size_t i) {
  return fmt::format("pic_{}.jpg", i);
}

void check_writable(const RunFolder& folder) {
  for (const fs::path& place : {folder.results(), folder.record(), folder.test_pictures()}) {
    const fs::path there = existing_part(fs::absolute(place));
    if (fs::exists(place) && !fs::is_directory(place)) {
      throw Error(fmt::format("cannot write the results: {} is not a folder", place.string()));
    }
    if (::access(there.c_str(), W_OK | X_OK) != 0) {
      throw Error(fmt::format("cannot write into {}: {}", there.string(), std::strerror(errno)));
    }
  }
  for (const fs::path& file :
       {folder.model(), folder.best_model(), folder.last_model(), folder.labels(), folder.run_json()}) {
    if (fs::is_directory(file)) {
      throw Error(fmt::format("cannot write {}: it is a folder", file.string()));
    }
  }
}

void create_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(fmt::format("cannot create the folder {}: {}", folder.string(), error.message()));
}

fs::path existing_part(fs::path folder) {
  while (!fs::is_directory(folder) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

void save_test_pictures(const RunFolder& folder, const LoadedPictures& pictures, const Split& split,
                        int threads) {
  create_folder(folder.test_pictures());
  write_files(
      folder.test_pictures(), split.test.size(), test_picture_name,
      [&](std::size_t i) {
        pictures.will_need(split.test[i]);  // from a disk in one piece, not page by page
        const std::uint8_t* pixels = pictures.picture(split.test[i]);
        const Picture picture{
            pictures.image_size, pictures.image_size, {pixels, pixels + pictures.bytes_each()}};
        pictures.done_with(split.test[i]);
        return encode_jpeg(picture);
      },
      threads);
}

std::size_t leftover_pictures(const RunFolder& folder, std::size_t test_pictures) {
  std::size_t leftovers = 0;
  for (std::size_t i = test_pictures; fs::exists(folder.test_pictures() / test_picture_name(i)); ++i)
    ++leftovers;
  return leftovers;
}

void remove_unfinished_files(const RunFolder& folder) {
  remove_unfinished(folder.model());
  remove_unfinished(folder.best_model());
  remove_unfinished(folder.last_model());
  remove_unfinished(folder.labels());
  remove_unfinished(folder.test_pictures() / "");
  remove_unfinished(folder.record() / "");
}

}  // namespace bart
