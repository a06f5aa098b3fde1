#include "bart/dataset/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>

#include "bart/pictures/decode.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

/// What became of one picture of the listing; its pixels lie in LoadedPictures already.
struct Outcome {
  std::optional<std::string> reason;  // why it was skipped
  std::pair<int, int> size;           // height, width
  std::string mode;
  std::uint64_t bytes = 0;
};

std::size_t bytes_of_picture(int image_size) {
  if (image_size < 1 || image_size > 1 << 14) {
    throw Error(fmt::format("an image size of {} is not possible: 1 to {} are", image_size, 1 << 14));
  }
  return static_cast<std::size_t>(image_size) * static_cast<std::size_t>(image_size) * 3;
}

std::vector<std::uint8_t> room_for(std::size_t count, std::size_t bytes_each, int image_size) {
  std::vector<std::uint8_t> pixels;
  try {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, bytes_each, &bytes)) throw std::bad_alloc();
    pixels.resize(bytes);
  } catch (const std::exception&) {  // bad_alloc or length_error
    throw Error(fmt::format(
        "{} pictures of {}x{} pixels need {:.1f} GB of memory, more than there is: choose a "
        "smaller image size",
        count, image_size, image_size, 1e-9 * static_cast<double>(count) * static_cast<double>(bytes_each)));
  }
  return pixels;
}

/// Reads one picture into `pixels` [image_size, image_size, 3].
Outcome load_picture(const std::filesystem::path& path, const LoadOptions& options, std::uint8_t* pixels) {
  Outcome outcome;
  try {
    const std::vector<std::uint8_t> file = read_file(path);
    const DecodedPicture decoded = decode_resized(file, options.image_size, options.image_size,
                                                  {.apply_exif_orientation = options.apply_exif_orientation});
    std::ranges::copy(decoded.picture.pixels, pixels);
    outcome.size = {decoded.height, decoded.width};
    outcome.mode = decoded.mode;
    outcome.bytes = file.size();
  } catch (const Error& error) {
    outcome.reason = error.what();
  }
  return outcome;
}

void check_skipped(const Listing& listing, const LoadOptions& options, const LoadedPictures& loaded) {
  const std::vector<SkippedPicture>& skipped = loaded.skipped;
  if (skipped.empty()) return;
  const SkippedPicture& first = skipped.front();
  const std::size_t total = listing.pictures.size();
  if (static_cast<double>(skipped.size()) > options.max_skipped_share * static_cast<double>(total)) {
    throw Error(fmt::format("{} of {} files in {} cannot be used, more than {:g} % (the first: {}: {})",
                            skipped.size(), total, listing.folder.string(), 100 * options.max_skipped_share,
                            first.file, first.reason));
  }
  // A class without a loaded picture is named by the first of its files that was skipped; one that the
  // listing has no file of, which list_folder refuses but a caller may build, is no fault of the pictures.
  std::vector<bool> loaded_any(listing.classes.size(), false);
  for (const std::int32_t label : loaded.labels) loaded_any[static_cast<std::size_t>(label)] = true;
  for (const ListedPicture& picture : listing.pictures) {
    const auto label = static_cast<std::size_t>(picture.label);
    if (loaded_any[label]) continue;
    const auto why = std::ranges::find(skipped, picture.file, &SkippedPicture::file);
    throw Error(fmt::format("no picture of the class {} can be used (the first: {}: {})",
                            listing.classes[label], why->file, why->reason));
  }
}

}  // namespace

LoadedPictures load_pictures(const Listing& listing, const LoadOptions& options,
                             const std::function<void(std::size_t, std::size_t)>& progress) {
  const std::size_t total = listing.pictures.size();
  const std::size_t bytes_each = bytes_of_picture(options.image_size);

  LoadedPictures loaded;
  loaded.image_size = options.image_size;
  loaded.classes = listing.classes;
  loaded.pixels = room_for(total, bytes_each, options.image_size);

  std::vector<Outcome> outcomes(total);
  std::atomic<std::size_t> stop =
      total;  // strict: the first bad picture so far, behind which nothing is read
  std::mutex progress_mutex;
  std::size_t done = 0;
  parallel_for(total, options.threads, [&](std::size_t i) {
    if (i > stop) return;
    outcomes[i] = load_picture(listing.folder / listing.pictures[i].file, options,
                               loaded.pixels.data() + i * bytes_each);
    if (options.strict && outcomes[i].reason) {
      for (std::size_t other = stop; i < other && !stop.compare_exchange_weak(other, i);) {
      }
    }
    if (progress) {
      const std::lock_guard lock(progress_mutex);
      progress(++done, total);
    }
  });
  if (stop < total) {
    throw Error(fmt::format("{}: {}", (listing.folder / listing.pictures[stop].file).string(),
                            *outcomes[stop].reason));
  }

  // Close the gaps of skipped pictures in place: a copy would double the memory.
  for (std::size_t i = 0; i < total; ++i) {
    const ListedPicture& picture = listing.pictures[i];
    Outcome& outcome = outcomes[i];
    if (outcome.reason) {
      loaded.skipped.push_back({picture.file, *outcome.reason});
      continue;
    }
    const std::size_t place = loaded.labels.size();
    if (place != i) {
      std::copy_n(loaded.pixels.data() + i * bytes_each, bytes_each,
                  loaded.pixels.data() + place * bytes_each);
    }
    loaded.files.push_back(picture.file);
    loaded.labels.push_back(picture.label);
    loaded.sizes.insert(outcome.size);
    if (outcome.mode != "RGB") loaded.converted.emplace_back(picture.file, outcome.mode);
    loaded.bytes_read += outcome.bytes;
  }
  loaded.pixels.resize(loaded.labels.size() * bytes_each);

  check_skipped(listing, options, loaded);
  return loaded;
}

}  // namespace bart
