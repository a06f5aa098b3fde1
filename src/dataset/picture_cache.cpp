#include "picture_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "bart/pictures/decode.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// The data set's own sub-folder of the cache; its name depends on the data folder and on all settings that
/// change the pixels.
fs::path folder_of(const fs::path& cache, const fs::path& data_folder, const LoadOptions& options) {
  const std::string key = fmt::format("{}\n{}\n{}", data_folder.string(), options.image_size,
                                      options.apply_exif_orientation ? "exif" : "as stored");
  const std::uint64_t hash = hash_of({reinterpret_cast<const std::uint8_t*>(key.data()), key.size()});
  const std::string name = data_folder.filename().string().substr(0, 100);
  return cache / fmt::format("{}-{}-{:016x}", name, options.image_size, hash);
}

fs::path resolved(const fs::path& folder) {
  std::error_code error;
  fs::path path = fs::canonical(folder, error);
  if (error) path = fs::absolute(folder, error);
  return error ? folder : path;
}

}  // namespace

PictureCache::PictureCache(const Listing& listing, const LoadOptions& options)
    : folder_(folder_of(options.cache, resolved(listing.folder), options)),
      data_folder_(listing.folder),
      bytes_each_(static_cast<std::size_t>(options.image_size) * options.image_size * 3),
      made_with_(decoder_versions()) {
  try {
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) throw Error(fmt::format("cannot create {}: {}", folder_.string(), error.message()));
    lock_.emplace(folder_);
    if (!lock_->warning().empty()) {
      // Two processes that add slots at once would write over each other's pixels while those are in use.
      trouble_ = fmt::format("{}, so the cache is only read", lock_->warning());
      lock_.reset();
    }
  } catch (const Error& why) {
    trouble_ = why.what();
  }
  try {
    read_index();
  } catch (const Error& why) {
    trouble_ = why.what();
    index_ = {};
    pixels_ = {};
  }
}

void PictureCache::read_index() {
  const fs::path index_file = folder_ / "index", pixels_file = folder_ / "pixels";
  std::error_code none;
  if (!fs::exists(fs::symlink_status(index_file, none))) return;
  const std::vector<std::uint8_t> bytes = read_file(index_file);
  try {
    index_ = decode_cache_index(bytes);
  } catch (const Error& why) {
    throw Error(fmt::format("{} is damaged: {}", index_file.string(), why.what()));
  }
  const auto used = std::ranges::count_if(
      index_.pictures, [](const CachedPicture& picture) { return !picture.record.broken; });
  const bool mostly_unused = index_.slots / 2 > static_cast<std::size_t>(used);
  if (index_.made_with != made_with_ || (mostly_unused && may_write())) {
    index_ = {};
    return;
  }
  if (index_.slots == 0) return;
  pixels_ = ByteStore::of_file(pixels_file);
  pixels_.when_lost(loss());
  if (pixels_.size() / bytes_each_ < index_.slots) {
    throw Error(fmt::format("{} is damaged: it is too short", pixels_file.string()));
  }
}

const PictureRecord* PictureCache::find(const std::string& file, std::uint64_t bytes, std::int64_t modified) {
  const auto found = std::ranges::lower_bound(index_.pictures, file, {}, &CachedPicture::file);
  if (found == index_.pictures.end() || found->file != file) return nullptr;
  const PictureRecord& record = found->record;
  if (record.bytes != bytes || record.modified != modified) return nullptr;
  if (!record.broken) {
    const bool right = hash_of(pixels_of(record)) == record.hash;
    pixels_.done_with(record.slot * bytes_each_, bytes_each_);
    if (!right) {
      ++damaged_;
      return nullptr;
    }
  }
  return &record;
}

std::span<const std::uint8_t> PictureCache::pixels_of(const PictureRecord& record) const {
  return {pixels_.data() + record.slot * bytes_each_, bytes_each_};
}

ByteStore PictureCache::grown_by(std::size_t count) {
  fresh_slots_ = count;
  if (count > std::numeric_limits<std::uint32_t>::max() - index_.slots ||
      count > std::numeric_limits<std::size_t>::max() / 2 / bytes_each_ - index_.slots) {
    throw Error("the cache cannot hold this many pictures");
  }
  const std::size_t bytes = (index_.slots + count) * bytes_each_;
  new_file_ = index_.slots == 0;
  std::error_code none;
  if (new_file_) fs::remove(folder_ / "pixels.new", none);  // left by a process that was killed
  ByteStore store = new_file_ ? ByteStore::in_new_file(folder_ / "pixels.new", bytes)
                              : ByteStore::in_grown_file(folder_ / "pixels", bytes);
  store.when_lost(loss());
  return store;
}

void PictureCache::commit(const ByteStore& store, const Listing& listing,
                          const std::vector<PictureRecord>& records, const std::vector<std::uint8_t>& kept) {
  CacheIndex next{.made_with = made_with_, .slots = static_cast<std::uint32_t>(index_.slots + fresh_slots_)};
  std::unordered_set<std::string_view> listed;
  for (std::size_t i = 0; i < records.size(); ++i) {
    listed.insert(listing.pictures[i].file);
    if (kept[i] != 0) next.pictures.push_back({listing.pictures[i].file, records[i]});
  }
  // Another command may use other pictures of the folder: their records stay as long as the files exist.
  for (const CachedPicture& picture : index_.pictures) {
    std::error_code none;
    if (!listed.contains(picture.file) && fs::exists(data_folder_ / picture.file, none)) {
      next.pictures.push_back(picture);
    }
  }
  std::ranges::sort(next.pictures, {}, &CachedPicture::file);
  store.sync();
  if (new_file_) {
    std::error_code error;
    fs::rename(folder_ / "pixels.new", folder_ / "pixels", error);
    if (error) throw Error(fmt::format("cannot write {}: {}", folder_.string(), error.message()));
  }
  write_file(folder_ / "index", encode_cache_index(next));  // syncs the folder, too
}

void PictureCache::abandon() {
  std::error_code none;
  fs::remove(folder_ / "pixels.new", none);
}

std::string PictureCache::loss() const {
  return fmt::format(
      "cannot read {}: it was cut short, or its disk failed, while it was in use (what had been saved stays; "
      "leave the cache alone while a command uses it, and delete {} if this happens again)",
      (folder_ / "pixels").string(), folder_.string());
}

std::string PictureCache::trouble() const {
  if (!trouble_.empty() || damaged_ == 0) return trouble_;
  return fmt::format("{} is damaged: {} in it {} not what was written", (folder_ / "pixels").string(),
                     counted(damaged_, "picture", "pictures"), damaged_ == 1 ? "is" : "are");
}

}  // namespace bart
