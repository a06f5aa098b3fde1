#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/platform/byte_store.h"
#include "bart/platform/group.h"
#include "bart/platform/memory.h"
#include "bart/platform/progress.h"

namespace bart {

struct LoadOptions {
  int image_size = 128;
  int threads = 0;  // 0: what the process may use
  bool apply_exif_orientation = true;
  bool strict = false;              // the first bad picture is an Error instead of being skipped
  double max_skipped_share = 0.05;  // more skipped than this share of the listing is an Error
  bool part_of_more = false;        // the caller calls check_skipped() for the pictures of all parts
  /// The folder in which pixels are kept for the next run; created when missing. Empty: no cache. It holds
  /// any number of data sets, and any number of processes may use it at once.
  std::filesystem::path cache = {};
  /// Pixels that need more memory than this go into an unnamed file in `scratch`.
  std::uint64_t most_memory = machine_memory() / 4;
  /// An existing folder. When it is empty or cannot be written, the cache and then the folder for temporary
  /// files is used.
  std::filesystem::path scratch = {};
  /// Processes on this computer that read the same listing with the same options at once. Each decodes some
  /// of the pictures, process 0 uses the cache, and all map the same pixels; where they cannot, each reads
  /// for itself. nullptr: this process alone.
  Group* group = nullptr;
};

struct SkippedPicture {
  std::string file;
  std::string reason;
};

/// Every picture of a listing, decoded and resized. Only the resized pixels are kept.
struct LoadedPictures {
  int image_size = 0;
  std::vector<std::string> classes;
  std::vector<std::string> files;       // [n] the listing's files that could be decoded
  std::vector<std::int32_t> labels;     // [n]
  std::vector<Part> parts;              // [n] as the listing says
  ByteStore pixels;                     // [slots, image_size, image_size, 3]
  std::vector<std::uint32_t> slots;     // [n] the slot of each picture
  std::vector<std::uint64_t> hashes;    // [n] hash_of(pixels of a picture)
  std::set<std::pair<int, int>> sizes;  // (height, width) before resizing
  std::vector<SkippedPicture> skipped;  // in the listing's order
  std::vector<std::pair<std::string, std::string>> converted;  // (file, Pillow's mode) of those not RGB
  std::uint64_t bytes_read = 0;
  std::size_t from_cache = 0;  // how many of the listing's files were not decoded anew
  std::string cache_trouble;   // why the cache could not be used or updated, in one sentence; usually empty

  std::size_t size() const { return labels.size(); }
  std::size_t bytes_each() const { return static_cast<std::size_t>(image_size) * image_size * 3; }
  const std::uint8_t* picture(std::size_t i) const { return pixels.data() + slots[i] * bytes_each(); }
  /// For pictures on a disk: announces that picture i will be read soon, so that it is fetched in the
  /// meantime, and that it has been read, so that it need not stay in memory. No effect for pictures in
  /// memory.
  void will_need(std::size_t i) const { pixels.will_need(slots[i] * bytes_each(), bytes_each()); }
  void done_with(std::size_t i) const { pixels.done_with(slots[i] * bytes_each(), bytes_each()); }
};

/// The listing of the pictures `indices` alone, for reading them again in another size. `pictures` are those
/// of `listing` that could be decoded.
Listing listing_of(const Listing& listing, const LoadedPictures& pictures,
                   std::span<const std::uint32_t> indices);

/// Throws Error when too many of the listing's pictures were skipped, or all of a class.
void check_skipped(const Listing& listing, const LoadOptions& options, const LoadedPictures& loaded);

/// Reads, decodes and resizes all pictures of `listing` on `threads` threads; those that the cache knows by
/// name, size and time are taken from it, bit for bit the same. `progress(done, total)` is called for
/// pictures that are decoded, by one thread at a time. Throws Error when too many are bad, when a class has
/// none left, and for a listing or options that are impossible. A cache that cannot be used is not an error:
/// see cache_trouble.
LoadedPictures load_pictures(const Listing& listing, const LoadOptions& options,
                             const OnProgress& progress = {});

}  // namespace bart
