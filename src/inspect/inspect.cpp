#include "bart/inspect/inspect.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "bart/dataset/near_duplicates.h"
#include "bart/dataset/split.h"
#include "bart/pictures/decode.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

/// What is kept of one file.
struct Reading {
  InspectedPicture picture;
  PictureSignature signature;
  std::size_t bytes_hash = 0;         // candidates alone: what it finds is compared in full
  std::size_t pixels_hash = 0;        // of the picture at signature_side
  std::optional<std::string> reason;  // why it could not be read
};

std::size_t hash_of(std::span<const std::uint8_t> bytes) {
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Reading read_picture(const std::filesystem::path& folder, const ListedPicture& listed,
                     const DecodeOptions& options) {
  Reading reading;
  reading.picture.file = listed.file;
  reading.picture.label = listed.label;
  try {
    const std::vector<std::uint8_t> file = read_file(folder / listed.file);
    DecodedPicture decoded = decode_resized(file, signature_side, signature_side, options);
    reading.picture.width = decoded.width;
    reading.picture.height = decoded.height;
    reading.picture.format = std::move(decoded.format);
    reading.picture.mode = std::move(decoded.mode);
    reading.picture.bytes = file.size();
    reading.signature = picture_signature(decoded.picture);
    reading.bytes_hash = hash_of(file);
    reading.pixels_hash = hash_of(decoded.picture.pixels);
  } catch (const Error& error) {
    reading.reason = error.what();
  }
  return reading;
}

/// The classes of equality among `candidates`, those of one picture left out; `same(i, j)` compares two.
template <class Same>
void add_equal(const std::vector<std::uint32_t>& candidates, const Same& same,
               std::vector<DuplicateGroup>& groups) {
  std::vector<std::vector<std::uint32_t>> equal;
  for (const std::uint32_t i : candidates) {
    const auto group = std::ranges::find_if(equal, [&](const auto& e) { return same(e.front(), i); });
    if (group == equal.end()) {
      equal.push_back({i});
    } else {
      group->push_back(i);
    }
  }
  for (auto& pictures : equal) {
    if (pictures.size() > 1) groups.push_back({std::move(pictures), false, false});
  }
}

/// The pictures of each key that more than one has.
template <class Key>
std::vector<std::vector<std::uint32_t>> candidates_by(std::size_t n, const Key& key) {
  std::map<decltype(key(0)), std::vector<std::uint32_t>> by_key;
  for (std::uint32_t i = 0; i < n; ++i) by_key[key(i)].push_back(i);
  std::vector<std::vector<std::uint32_t>> result;
  for (auto& [k, pictures] : by_key) {
    if (pictures.size() > 1) result.push_back(std::move(pictures));
  }
  return result;
}

void find_duplicates(Inspection& inspection, const std::vector<Reading>& readings) {
  const std::vector<InspectedPicture>& pictures = inspection.pictures;
  const auto bytes_of = [&](std::uint32_t i) { return read_file(inspection.folder / pictures[i].file); };
  const DecodeOptions decode{.apply_exif_orientation = inspection.options.apply_exif_orientation};

  for (const auto& candidates : candidates_by(pictures.size(), [&](std::uint32_t i) {
         return std::pair(pictures[i].bytes, readings[i].bytes_hash);
       })) {
    add_equal(
        candidates, [&](std::uint32_t i, std::uint32_t j) { return bytes_of(i) == bytes_of(j); },
        inspection.same_bytes);
  }
  // Of files with the same bytes one stands for all.
  std::vector<std::uint32_t> first(pictures.size());
  for (std::uint32_t i = 0; i < pictures.size(); ++i) first[i] = i;
  for (const DuplicateGroup& group : inspection.same_bytes) {
    for (const std::uint32_t i : group.pictures) first[i] = group.pictures.front();
  }
  for (auto candidates : candidates_by(pictures.size(), [&](std::uint32_t i) {
         return std::tuple(pictures[i].width, pictures[i].height, readings[i].pixels_hash);
       })) {
    std::erase_if(candidates, [&](std::uint32_t i) { return first[i] != i; });
    add_equal(
        candidates,
        [&](std::uint32_t i, std::uint32_t j) {
          return decode_picture(bytes_of(i), decode).picture.pixels ==
                 decode_picture(bytes_of(j), decode).picture.pixels;
        },
        inspection.same_pixels);
  }

  std::vector<PictureSignature> signatures;
  signatures.reserve(readings.size());
  for (const Reading& reading : readings) signatures.push_back(reading.signature);
  const std::vector<std::uint32_t> group = near_duplicate_groups(signatures);
  for (auto& near : candidates_by(pictures.size(), [&](std::uint32_t i) { return group[i]; })) {
    inspection.near_duplicates.push_back({std::move(near), false, false});
  }
}

void judge(std::vector<DuplicateGroup>& groups, const std::vector<InspectedPicture>& pictures) {
  for (DuplicateGroup& group : groups) {
    const InspectedPicture& first = pictures[group.pictures.front()];
    for (const std::uint32_t i : group.pictures) {
      group.across_classes = group.across_classes || pictures[i].label != first.label;
      group.across_split = group.across_split || pictures[i].test != first.test;
    }
  }
  std::ranges::stable_sort(groups, [](const DuplicateGroup& a, const DuplicateGroup& b) {
    return std::tuple(a.across_classes, a.across_split, a.pictures.size()) >
           std::tuple(b.across_classes, b.across_split, b.pictures.size());
  });
}

void count(Inspection& inspection) {
  for (const InspectedPicture& picture : inspection.pictures) {
    InspectedClass& its = inspection.classes[static_cast<std::size_t>(picture.label)];
    ++its.pictures;
    its.test += picture.test;
    its.bytes += picture.bytes;
    ++its.formats[picture.format];
    ++its.modes[picture.mode];
    its.sizes.emplace(picture.height, picture.width);
    inspection.sizes.emplace(picture.height, picture.width);
    inspection.bytes += picture.bytes;
    inspection.test_pictures += picture.test;
  }
  for (const DuplicateGroup& group : inspection.near_duplicates) {
    for (const std::uint32_t i : group.pictures) {
      const InspectedPicture& picture = inspection.pictures[i];
      ++inspection.classes[static_cast<std::size_t>(picture.label)].near_duplicates;
      inspection.leaking_test_pictures += group.across_split && picture.test;
    }
  }
}

}  // namespace

Inspection inspect_pictures(const Listing& listing, const InspectOptions& options,
                            const std::function<void(std::size_t, std::size_t)>& progress) {
  const std::size_t total = listing.pictures.size();
  std::vector<Reading> readings(total);
  std::mutex progress_mutex;
  std::size_t done = 0;
  parallel_for(total, options.threads, [&](std::size_t i) {
    readings[i] = read_picture(listing.folder, listing.pictures[i],
                               {.apply_exif_orientation = options.apply_exif_orientation});
    if (progress) {
      const std::lock_guard lock(progress_mutex);
      progress(++done, total);
    }
  });

  Inspection inspection;
  inspection.folder = listing.folder;
  inspection.options = options;
  for (const std::string& name : listing.classes) inspection.classes.emplace_back().name = name;
  for (const Reading& reading : readings) {
    if (!reading.reason) continue;
    inspection.unreadable.push_back({reading.picture.file, *reading.reason});
    ++inspection.classes[static_cast<std::size_t>(reading.picture.label)].unreadable;
  }
  std::erase_if(readings, [](const Reading& reading) { return reading.reason.has_value(); });
  for (Reading& reading : readings) inspection.pictures.push_back(std::move(reading.picture));

  if (inspection.pictures.size() > 1) {
    const auto n = static_cast<std::uint32_t>(inspection.pictures.size());
    for (const std::uint32_t i : train_test_split(n, options.test_size, options.seed).test) {
      inspection.pictures[i].test = true;
    }
  }
  find_duplicates(inspection, readings);
  for (auto* groups : {&inspection.same_bytes, &inspection.same_pixels, &inspection.near_duplicates}) {
    judge(*groups, inspection.pictures);
  }
  count(inspection);
  return inspection;
}

}  // namespace bart
