#include <fmt/format.h>

#include <mutex>
#include <system_error>

#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/threads.h"
#include "bart/sample/sample.h"
#include "dice.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

constexpr int kJpegQuality = 88;

void check(const SampleOptions& options) {
  const int most = static_cast<int>(sample_characters().size());
  if (options.classes < 2 || options.classes > most) {
    throw Error(fmt::format("a sample cannot have {} classes: it can have 2 to {}", options.classes, most));
  }
  if (options.per_class < 1 || options.per_class > max_sample_per_class) {
    throw Error(fmt::format("a sample cannot have {} pictures per class: it can have 1 to {}",
                            options.per_class, max_sample_per_class));
  }
}

void create_empty_folder(const fs::path& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (fs::exists(status)) {
    if (!fs::is_directory(status))
      throw Error(fmt::format("{} is not a folder: name a new one", folder.string()));
    const bool empty = fs::is_empty(folder, error);
    if (!error && !empty) {
      throw Error(
          fmt::format("{} is not empty: name a new folder, or empty this one first", folder.string()));
    }
  } else {
    fs::create_directories(folder, error);
  }
  if (error) throw Error(fmt::format("cannot write into {}: {}", folder.string(), error.message()));
}

}  // namespace

void write_sample(const fs::path& folder, const SampleOptions& options, const OnProgress& progress) {
  check(options);
  create_empty_folder(folder);
  const std::size_t total =
      static_cast<std::size_t>(options.classes) * static_cast<std::size_t>(options.per_class);
  std::mutex mutex;
  std::size_t done = 0;
  Dice seeds(options.seed);
  for (int character = 0; character < options.classes; ++character) {
    const std::uint64_t class_seed = seeds.word();
    const fs::path class_folder = folder / sample_characters()[static_cast<std::size_t>(character)];
    std::error_code error;
    fs::create_directory(class_folder, error);
    if (error)
      throw Error(fmt::format("cannot make the folder {}: {}", class_folder.string(), error.message()));
    write_files(
        class_folder, static_cast<std::size_t>(options.per_class),
        [](std::size_t i) { return fmt::format("pic_{:04}.jpg", i); },
        [&](std::size_t i) {
          std::vector<std::uint8_t> file = encode_jpeg(draw_face(character, class_seed + i), kJpegQuality);
          const std::scoped_lock lock(mutex);
          ++done;
          if (progress) progress(done, total);
          return file;
        },
        options.threads > 0 ? options.threads : available_threads());
  }
}

}  // namespace bart
