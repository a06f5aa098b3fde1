#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/platform/byte_store.h"
#include "bart/platform/folder_lock.h"
#include "cache_index.h"

namespace bart {

/// The resized pixels of one data set, kept between runs: a sub-folder of LoadOptions::cache with the files
/// - `pixels`: slots of one picture each. It only ever grows, so those who have mapped it are left alone;
/// - `index`: what the slots hold, replaced as a whole once the slots are on the disk;
/// - `lock`: held by the one process that adds slots, while it loads its pictures.
/// Nothing of it is believed: a file is known by name, size and time, pixels by their hash, and what does
/// not fit is decoded again. Where more than half of the slots are of pictures that are gone, it begins anew.
class PictureCache {
 public:
  /// Never throws for a cache that is damaged, in use or not to be opened: trouble() tells.
  PictureCache(const Listing& listing, const LoadOptions& options);

  /// What is known of a file of this size and time; null where that is nothing, or its pixels are damaged.
  /// From any thread.
  const PictureRecord* find(const std::string& file, std::uint64_t bytes, std::int64_t modified);
  std::span<const std::uint8_t> pixels_of(const PictureRecord& record) const;

  bool may_write() const { return lock_.has_value(); }
  /// The pixels, with `count` fresh slots from first_fresh_slot() on. Throws Error.
  ByteStore grown_by(std::size_t count);
  std::uint32_t first_fresh_slot() const { return index_.slots; }
  /// The pixels as they are.
  ByteStore take() { return std::move(pixels_); }

  /// Makes the fresh slots part of the cache: `records[i]` is of the listing's picture i where `kept[i]`.
  /// Throws Error; then the next process will write over the fresh slots.
  void commit(const ByteStore& store, const Listing& listing, const std::vector<PictureRecord>& records,
              const std::vector<std::uint8_t>& kept);
  /// Instead of commit().
  void abandon();

  /// What was wrong, in a sentence; empty where all is well.
  std::string trouble() const;

 private:
  void read_index();
  /// What is said where the pixels can no longer be read while they are in use.
  std::string loss() const;

  std::filesystem::path folder_, data_folder_;
  std::size_t bytes_each_;
  std::string made_with_;
  std::optional<FolderLock> lock_;
  CacheIndex index_;
  ByteStore pixels_;
  std::size_t fresh_slots_ = 0;
  bool new_file_ = false;  // whether grown_by() began a file
  std::string trouble_;
  std::atomic<std::size_t> damaged_ = 0;  // pictures whose pixels were not those written
};

}  // namespace bart
