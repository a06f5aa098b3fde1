#include "written_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <vector>

#include "bart/formats/csv.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"
#include "bart/platform/make_folders.h"
#include "bart/platform/write_through.h"

namespace bart {

namespace fs = std::filesystem;

namespace {

void check_writable_folder(const fs::path& place) {
  const fs::path there = existing_part(fs::absolute(place));
  if (!fs::is_directory(there)) {
    if (fs::is_symlink(there) && !fs::exists(there)) {
      throw Error(
          fmt::format("cannot write into {}: {} is not a folder but a link to {}, which is not there: make "
                      "that folder, or remove the link",
                      place.string(), there.string(), fs::read_symlink(there).string()));
    }
    throw Error(fmt::format("cannot write into {}: {} is not a folder", place.string(), there.string()));
  }
  if (const std::error_code reason = try_to_create_in(there))
    throw Error(fmt::format("cannot write into {}: {}", place.string(), reason.message()));
}

void check_no_folder(const fs::path& file) {
  std::error_code none;
  if (fs::is_directory(file, none))
    throw Error(fmt::format("cannot write {}: it is a folder", file.string()));
}

/// For a folder in bart-run/ that a training makes, and removes with all that is in it.
void check_folder_or_nothing(const fs::path& place) {
  std::error_code none;
  if (!fs::exists(fs::symlink_status(place, none)) || fs::is_directory(place, none)) return;
  throw Error(fmt::format("{} is no folder, and a training keeps earlier results there: move it elsewhere",
                          place.string()));
}

/// For a file that a training removes or replaces, and does not write through.
void check_keeps_content(const fs::path& file) {
  std::error_code none;
  if (fs::is_other(file, none)) throw keeps_nothing(file);
}

}  // namespace

void check_writable_file(const fs::path& file) {
  check_no_folder(file);
  if (writes_through(file)) throw keeps_nothing(file);  // throws where write_file() would
  if (!fs::is_symlink(file)) return;
  if (const std::error_code reason = try_to_create_in(written_folder(file))) {
    throw Error(fmt::format("cannot write {}: it is a link to {}: {}", file.string(),
                            written_place(file).string(), reason.message()));
  }
}

std::vector<fs::path> paths_in(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    paths.push_back(entry->path());
  std::ranges::sort(paths);
  return paths;
}

void check_writable(const RunFolder& folder) {
  for (const fs::path& place : {folder.results(), folder.record(), folder.test_pictures()}) {
    check_writable_folder(place);
  }
  check_folder_or_nothing(folder.before());
  check_folder_or_nothing(folder.earlier());
  for (const fs::path& file : folder.result_files()) check_writable_file(file);
  for (const fs::path& file : folder.record_files()) check_writable_file(file);
  check_writable_file(folder.begun());
  for (const fs::path& entry : paths_in(folder.test_pictures())) {
    if (!RunFolder::is_test_picture(entry.filename().string())) continue;
    check_no_folder(entry);
    check_keeps_content(entry);
  }
  for (const fs::path& entry : paths_in(folder.record())) {
    const std::string name = entry.filename().string();
    if (RunFolder::is_checkpoint(name)) check_no_folder(entry);
    if (RunFolder::is_checkpoint(name) || name.starts_with(RunFolder::events_prefix))
      check_keeps_content(entry);
  }
}

void check_test_pictures_writable(const RunFolder& folder, std::size_t test_pictures) {
  for (std::size_t i = 0; i < test_pictures; ++i) {
    const fs::path picture = folder.test_pictures() / RunFolder::test_picture_name(i);
    std::error_code none;
    if (!fs::is_symlink(picture, none)) writes_through(picture);  // a link is replaced, not followed
  }
}

void check_report_writable(const RunFolder& folder) {
  check_writable_folder(folder.record());
  check_writable_file(folder.report());
  check_writable_file(folder.model_card());
}

std::optional<WrittenPictures> read_written_pictures(const RunFolder& folder) {
  const fs::path path = folder.written_pictures_csv();
  if (!fs::is_regular_file(path)) return std::nullopt;
  const std::vector<std::uint8_t> bytes = read_file(path);
  WrittenPictures written;
  for (const std::vector<std::string>& row :
       csv_rows_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()})) {
    if (row.size() != 2) continue;
    // The column names have none.
    if (const std::optional<std::uint64_t> hash = hash_in(row[1])) written.emplace(row[0], *hash);
  }
  return written;
}

namespace {

void write_written_pictures(const RunFolder& folder, const WrittenPictures& written) {
  std::string csv = "picture,xxh3\n";
  for (const auto& [name, hash] : written) csv += fmt::format("{},{:016x}\n", name, hash);
  write_file(folder.written_pictures_csv(), csv);
}

}  // namespace

void save_test_pictures(const RunFolder& folder, const LoadedPictures& pictures, const Split& split,
                        int threads) {
  make_folders(folder.test_pictures());
  const std::size_t count = split.test.size();
  // Pictures of an earlier training that had more of them stay, and remain known.
  WrittenPictures written = read_written_pictures(folder).value_or(WrittenPictures());
  WrittenPictures replaced = written;
  std::erase_if(written, [&](const auto& picture) {
    return RunFolder::test_picture_number(picture.first).value_or(count) < count;
  });
  // Those that are in earlier/ are known from there.
  const auto earlier = read_written_pictures(RunFolder(folder.earlier(), folder.earlier()));
  std::erase_if(replaced, [&](const auto& picture) { return earlier && earlier->contains(picture); });
  std::vector<std::uint64_t> hashes(count);
  std::atomic<std::size_t> encoded = 0;
  write_files(
      folder.test_pictures(), count, RunFolder::test_picture_name,
      [&](std::size_t i) {
        pictures.will_need(split.test[i]);  // from a disk in one piece, not page by page
        const std::uint8_t* pixels = pictures.picture(split.test[i]);
        const Picture picture{
            pictures.image_size, pictures.image_size, {pixels, pixels + pictures.bytes_each()}};
        pictures.done_with(split.test[i]);
        std::vector<std::uint8_t> bytes = encode_jpeg(picture);
        hashes[i] = hash_of(bytes);
        if (++encoded == count) {
          // None of them has its name yet: of those that a kill leaves it is known who wrote them.
          for (std::size_t k = 0; k < count; ++k) written.emplace(RunFolder::test_picture_name(k), hashes[k]);
          replaced.insert(written.begin(), written.end());
          write_written_pictures(folder, replaced);
        }
        return bytes;
      },
      threads);
  if (replaced != written) write_written_pictures(folder, written);
}

std::size_t leftover_pictures(const RunFolder& folder, std::size_t test_pictures) {
  std::size_t leftovers = 0;
  for (std::size_t i = test_pictures; fs::exists(folder.test_pictures() / RunFolder::test_picture_name(i));
       ++i)
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
