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

/// The resized pixels of one data set, kept between runs in a sub-folder of LoadOptions::cache. Its files:
/// - `pixels`: one slot per picture. It only grows, so processes that have mapped it are not disturbed;
/// - `index`: what the slots hold, replaced as a whole once the slots are on the disk;
/// - `lock`: held by the one process that adds slots, while it loads its pictures.
/// Nothing in it is trusted: a file is recognized by name, size and time, its pixels by their hash, and what
/// does not match is decoded again. When more than half of the slots belong to pictures that no longer exist,
/// the cache starts anew.
class PictureCache {
 public:
  /// Never throws for a cache that is damaged, in use or cannot be opened: trouble() says what is wrong.
  PictureCache(const Listing& listing, const LoadOptions& options);

  /// The record of a file with this size and time; null when there is none or its pixels are damaged.
  /// Callable from any thread.
  const PictureRecord* find(const std::string& file, std::uint64_t bytes, std::int64_t modified);
  std::span<const std::uint8_t> pixels_of(const PictureRecord& record) const;

  bool may_write() const { return lock_.has_value(); }
  /// The pixels with `count` new slots, starting at first_fresh_slot(). Throws Error.
  ByteStore grown_by(std::size_t count);
  std::uint32_t first_fresh_slot() const { return index_.slots; }
  /// The pixels without new slots.
  ByteStore take() { return std::move(pixels_); }

  /// Makes the new slots part of the cache: `records[i]` describes the listing's picture i and is stored when
  /// `kept[i]` is not 0. Throws Error; the next process then overwrites the new slots.
  void commit(const ByteStore& store, const Listing& listing, const std::vector<PictureRecord>& records,
              const std::vector<std::uint8_t>& kept);
  /// To be called instead of commit() when reading has failed.
  void abandon();

  /// What was wrong, in one sentence; empty when nothing was.
  std::string trouble() const;

 private:
  void read_index();
  /// The message for pixels that can no longer be read while they are in use.
  std::string loss() const;

  std::filesystem::path folder_, data_folder_;
  std::size_t bytes_each_;
  std::string made_with_;
  std::optional<FolderLock> lock_;
  CacheIndex index_;
  ByteStore pixels_;
  std::size_t fresh_slots_ = 0;
  bool new_file_ = false;  // whether grown_by() created a new file
  std::string trouble_;
  std::atomic<std::size_t> damaged_ = 0;  // pictures whose pixels differ from what was written
};

}  // namespace bart
