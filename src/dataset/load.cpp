#include "bart/dataset/load.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <mutex>

#include "bart/dataset/check_pixels.h"
#include "bart/dataset/read_picture_file.h"
#include "bart/pictures/decode.h"
#include "bart/platform/error.h"
#include "bart/platform/hash.h"
#include "bart/platform/threads.h"
#include "picture_cache.h"
#include "shared_reading.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

std::size_t bytes_of_picture(int image_size) {
  if (image_size < 1 || image_size > 1 << 14) {
    throw Error(
        fmt::format("an image size of {} is not possible: it must be from 1 to {}", image_size, 1 << 14));
  }
  return static_cast<std::size_t>(image_size) * static_cast<std::size_t>(image_size) * 3;
}

/// Memory or an unnamed file for the pixels of this run only.
ByteStore own_store(std::size_t count, std::size_t bytes_each, const LoadOptions& options) {
  std::string reason = "no computer has as much";
  std::size_t bytes = 0;
  if (!__builtin_mul_overflow(count, bytes_each, &bytes)) {
    try {
      if (bytes <= options.most_memory) {
        return options.group == nullptr ? ByteStore::in_memory(bytes) : ByteStore::in_shared_memory(bytes);
      }
    } catch (const Error& why) {
      reason = why.what();
    }
    const char* temporary = std::getenv("TMPDIR");  // /tmp may be memory, /var/tmp is not
    for (const fs::path& folder :
         {options.scratch, options.cache, fs::path(temporary != nullptr ? temporary : ""),
          fs::path("/var/tmp"), fs::path("/tmp")}) {
      std::error_code none;
      if (folder.empty() || !fs::is_directory(folder, none)) continue;
      try {
        return ByteStore::in_unnamed_file(folder, bytes);
      } catch (const Error& why) {
        reason = why.what();
      }
    }
  }
  throw Error(fmt::format(
      "{} pictures of {}x{} pixels need {:.1f} GB of memory or disk, more than there is ({}): choose a "
      "smaller image size",
      count, options.image_size, options.image_size,
      1e-9 * static_cast<double>(count) * static_cast<double>(bytes_each), reason));
}

/// A file younger than this may be written again without getting another time, because file systems count in
/// steps of up to two seconds.
constexpr std::int64_t too_young = 2'000'000'000;

/// Stores size and time of the file in `record`. Returns false when the file has none, or a time before 1677
/// or after 2262, which 64 bits of nanoseconds cannot hold.
bool look_at(const fs::path& path, PictureRecord& record) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  record.bytes = static_cast<std::uint64_t>(status.st_size);
  const std::int64_t seconds = status.st_mtim.tv_sec, rest = status.st_mtim.tv_nsec;
  return !__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &record.modified) &&
         !__builtin_add_overflow(record.modified, rest, &record.modified);
}

/// Whether a change of the file after `now` (in nanoseconds since 1970) would give it another time.
bool is_old(std::int64_t modified, std::int64_t now) {
  std::int64_t age = 0;
  return __builtin_sub_overflow(now, modified, &age) || age >= too_young || age <= -too_young;
}

/// Reads one picture into its slot. Returns whether size and time will show that the file is unchanged.
bool read_picture(const fs::path& path, const LoadOptions& options, PictureRecord& record,
                  ByteStore& pixels) {
  const bool looked =
      look_at(path, record);  // comes before reading, so that a change during reading is noticed next time
  const std::int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  bool lasting = looked && is_old(record.modified, now);
  DecodedPicture decoded;
  try {
    const std::vector<std::uint8_t> file = read_picture_file(path);
    lasting = lasting && file.size() == record.bytes;
    record.bytes = file.size();
    decoded = decode_resized(file, options.image_size, options.image_size,
                             {.apply_exif_orientation = options.apply_exif_orientation});
  } catch (const Error& error) {
    record.broken = true;
    record.text = error.what();
    // A file that could not be read may be readable next time; a file that is not a picture does not become
    // one.
    return lasting && dynamic_cast<const PictureError*>(&error) != nullptr;
  }
  record.height = decoded.height;
  record.width = decoded.width;
  record.text = std::move(decoded.mode);
  const std::vector<std::uint8_t>& bytes = decoded.picture.pixels;
  record.hash = hash_of(bytes);
  pixels.write(record.slot * bytes.size(), bytes);
  return lasting;
}

/// Reads the pictures `wanted`, each into the slot of its record. A strict run stops at the first broken one.
/// Throws Error when the pixels cannot be written.
void read_pictures(const Listing& listing, const LoadOptions& options,
                   const std::vector<std::uint32_t>& wanted, Reading& reading, const OnProgress& progress) {
  std::atomic<std::size_t> stop = listing.pictures.size();
  for (std::size_t i = 0; i < listing.pictures.size(); ++i) {
    if (options.strict && reading.records[i].broken) stop = std::min<std::size_t>(stop, i);
  }
  std::mutex progress_mutex;
  std::size_t done = 0;
  parallel_for(wanted.size(), options.threads, [&](std::size_t k) {
    const std::size_t i = wanted[k];
    if (i > stop) return;
    PictureRecord& record = reading.records[i];
    record = {.slot = record.slot};
    reading.lasting[i] =
        read_picture(listing.folder / listing.pictures[i].file, options, record, reading.pixels);
    if (options.strict && record.broken) {
      for (std::size_t other = stop; i < other && !stop.compare_exchange_weak(other, i);) {
      }
    }
    if (progress) {
      const std::lock_guard lock(progress_mutex);
      progress(++done, wanted.size());
    }
  });
}

/// The share of process `rank` in the pictures that the cache does not have.
std::vector<std::uint32_t> unknown_of(const Reading& reading, int rank, int processes) {
  std::vector<std::uint32_t> unknown;
  std::size_t k = 0;
  for (std::size_t i = 0; i < reading.known.size(); ++i) {
    if (reading.known[i] != 0) continue;
    if (std::cmp_equal(k++ % static_cast<std::size_t>(processes), rank))
      unknown.push_back(static_cast<std::uint32_t>(i));
  }
  return unknown;
}

void read_own_part(const Listing& listing, const LoadOptions& options, Reading& reading,
                   const OnProgress& progress) {
  const std::vector<std::uint32_t> own = unknown_of(reading, options.group->rank(), options.group->size());
  read_pictures(listing, options, own, reading, progress);
  share_records(*options.group, own, reading);
}

/// Reads what the cache does not have, in process 0 of a group with the help of the others.
void read_unknown(const Listing& listing, const LoadOptions& options, Reading& reading,
                  const OnProgress& progress) {
  if (options.group != nullptr && share_reading(*options.group, listing, reading)) {
    read_own_part(listing, options, reading, progress);
  } else {
    read_pictures(listing, options, unknown_of(reading, 0, 1), reading, progress);
  }
}

/// Reads the listing into a store of this run only; pixels that `cache` has are copied from it.
void read_into_own(const Listing& listing, const LoadOptions& options, std::size_t bytes_each,
                   const OnProgress& progress, Reading& reading, const PictureCache* cache) {
  reading.pixels = own_store(listing.pictures.size(), bytes_each, options);
  for (std::size_t i = 0; i < listing.pictures.size(); ++i) {
    PictureRecord& record = reading.records[i];
    if (reading.known[i] != 0 && !record.broken) {
      reading.pixels.write(i * bytes_each, cache->pixels_of(record));
    }
    record.slot = static_cast<std::uint32_t>(i);
  }
  read_unknown(listing, options, reading, progress);
}

/// Takes the records that the cache has of the listing's files, without the pixels.
void look_up(PictureCache& cache, const Listing& listing, int threads, Reading& reading) {
  parallel_for(listing.pictures.size(), threads, [&](std::size_t i) {
    PictureRecord looked;
    if (!look_at(listing.folder / listing.pictures[i].file, looked)) return;
    const PictureRecord* record = cache.find(listing.pictures[i].file, looked.bytes, looked.modified);
    if (record == nullptr) return;
    reading.records[i] = *record;
    reading.known[i] = reading.lasting[i] = 1;
  });
}

/// Reads the listing with the help of the cache, and adds what is new to the cache. Returns what is wrong
/// with the cache, or an empty string.
std::string read_with_cache(const Listing& listing, const LoadOptions& options, std::size_t bytes_each,
                            const OnProgress& progress, Reading& reading) {
  PictureCache cache(listing, options);
  look_up(cache, listing, options.threads, reading);
  const auto unknown = static_cast<std::size_t>(std::ranges::count(reading.known, 0));
  if (unknown == 0) {
    reading.pixels = cache.take();
    read_unknown(listing, options, reading, progress);
    return {};
  }
  std::string trouble = cache.trouble();
  if (cache.may_write()) {
    try {
      reading.pixels = cache.grown_by(unknown);
      std::uint32_t slot = cache.first_fresh_slot();
      for (std::size_t i = 0; i < listing.pictures.size(); ++i) {
        if (reading.known[i] == 0) reading.records[i].slot = slot++;
      }
      read_unknown(listing, options, reading, progress);
      cache.commit(reading.pixels, listing, reading.records, reading.lasting);
      return trouble;
    } catch (const Error& why) {
      cache.abandon();
      if (reading.shared) throw;  // the others go on with these pixels
      trouble = why.what();
    }
  }
  read_into_own(listing, options, bytes_each, progress, reading, &cache);
  return trouble;
}

}  // namespace

void check_pixels(const LoadedPictures& pictures) {
  const std::size_t slots =
      pictures.image_size > 0 ? pictures.pixels.size() / pictures.bytes_each() : std::size_t{0};
  if (pictures.slots.size() != pictures.size() ||
      !std::ranges::all_of(pictures.slots, [&](std::uint32_t slot) { return slot < slots; }))
    throw Error("the pictures do not fit their pixels");
}

Listing listing_of(const Listing& listing, const LoadedPictures& pictures,
                   std::span<const std::uint32_t> indices) {
  Listing part{.folder = listing.folder, .classes = listing.classes, .pictures = {}};
  for (const std::uint32_t i : indices) {
    if (i >= pictures.size()) throw Error(fmt::format("there is no picture {} of {}", i, pictures.size()));
    part.pictures.push_back({pictures.files[i], pictures.labels[i], pictures.parts[i]});
  }
  return part;
}

void check_skipped(const Listing& listing, const LoadOptions& options, const LoadedPictures& loaded) {
  const std::vector<SkippedPicture>& skipped = loaded.skipped;
  if (skipped.empty()) return;
  const SkippedPicture& first = skipped.front();
  const std::size_t total = listing.pictures.size();
  if (static_cast<double>(skipped.size()) > options.max_skipped_share * static_cast<double>(total)) {
    throw Error(fmt::format("{} of {} files in {} cannot be used, more than {:g} % (the first: {}: {})",
                            skipped.size(), total, source_of(listing), 100 * options.max_skipped_share,
                            first.file, first.reason));
  }
  // A class without a loaded picture is an error that names its first skipped file. A class for which a
  // caller's listing has no file at all is not.
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

LoadedPictures load_pictures(const Listing& listing, const LoadOptions& asked, const OnProgress& progress) {
  check_labels(listing);
  LoadOptions options = asked;
  if (options.threads < 0) throw Error(fmt::format("{} threads are not possible", options.threads));
  if (options.threads == 0) options.threads = available_threads();
  if (!(options.max_skipped_share >= 0)) {
    throw Error(fmt::format("a share of {} skipped pictures is not possible", options.max_skipped_share));
  }
  const std::size_t total = listing.pictures.size();
  if (total > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(fmt::format("{} pictures are too many: at most 2^32 - 1 can be used", total));
  }
  const std::size_t bytes_each = bytes_of_picture(options.image_size);

  LoadedPictures loaded;
  loaded.image_size = options.image_size;
  loaded.classes = listing.classes;
  Reading reading(total);
  const bool follows = !is_first(options.group);
  if (follows && !share_reading(*options.group, listing, reading)) {
    options.group = nullptr;
    reading = Reading(total);
  }
  if (reading.shared) {
    read_own_part(listing, options, reading, progress);
  } else if (options.cache.empty()) {
    read_into_own(listing, options, bytes_each, progress, reading, nullptr);
  } else {
    loaded.cache_trouble = read_with_cache(listing, options, bytes_each, progress, reading);
  }
  loaded.from_cache = static_cast<std::size_t>(std::ranges::count(reading.known, 1));
  for (std::size_t i = 0; i < total; ++i) {
    const ListedPicture& picture = listing.pictures[i];
    PictureRecord& record = reading.records[i];
    if (record.broken) {
      if (options.strict) {
        throw Error(fmt::format("{}: {}", (listing.folder / picture.file).string(), record.text));
      }
      loaded.skipped.push_back({picture.file, std::move(record.text)});
      continue;
    }
    loaded.files.push_back(picture.file);
    loaded.labels.push_back(picture.label);
    loaded.parts.push_back(picture.part);
    loaded.slots.push_back(record.slot);
    loaded.hashes.push_back(record.hash);
    loaded.sizes.insert({record.height, record.width});
    if (record.text != "RGB") loaded.converted.emplace_back(picture.file, std::move(record.text));
    loaded.bytes_read += record.bytes;
  }
  loaded.pixels = std::move(reading.pixels);
  loaded.pixels.expect_any_order();

  if (!options.part_of_more) check_skipped(listing, options, loaded);
  return loaded;
}

}  // namespace bart
