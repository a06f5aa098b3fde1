#include "duplicates.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "bart/dataset/near_duplicates.h"
#include "bart/dataset/read_picture_file.h"
#include "bart/pictures/decode.h"
#include "bart/platform/error.h"
#include "bart/platform/hash.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

using Indices = std::vector<std::uint32_t>;
using Bytes = std::vector<std::uint8_t>;

/// The pictures that share a key, for each key that more than one picture has.
template <class Key>
std::vector<Indices> sharing(const Indices& pictures, const Key& key) {
  std::map<decltype(key(0)), Indices> by_key;
  for (const std::uint32_t i : pictures) by_key[key(i)].push_back(i);
  std::vector<Indices> result;
  for (auto& [k, members] : by_key) {
    if (members.size() > 1) result.push_back(std::move(members));
  }
  return result;
}

/// Adds a group of those `candidates` (with equal hashes) whose content equals that of the first. Calls
/// `content(i)` once for each; it is empty for a file that has changed since it was inspected.
template <class Content>
void add_equal(const Indices& candidates, const Content& content, std::vector<DuplicateGroup>& groups) {
  const Bytes first = content(candidates.front());
  if (first.empty()) return;
  Indices equal{candidates.front()};
  for (std::size_t k = 1; k < candidates.size(); ++k) {
    if (content(candidates[k]) == first) equal.push_back(candidates[k]);
  }
  if (equal.size() > 1) groups.push_back({std::move(equal), false, false});
}

void judge(std::vector<DuplicateGroup>& groups, const std::vector<InspectedPicture>& pictures) {
  for (DuplicateGroup& group : groups) {
    const InspectedPicture& first = pictures[group.pictures.front()];
    for (const std::uint32_t i : group.pictures) {
      group.across_classes = group.across_classes || pictures[i].label != first.label;
      group.across_split =
          group.across_split || (pictures[i].side == Part::train) != (first.side == Part::train);
    }
  }
  std::ranges::stable_sort(groups, [](const DuplicateGroup& a, const DuplicateGroup& b) {
    return std::tuple(a.across_classes, a.across_split, a.pictures.size()) >
           std::tuple(b.across_classes, b.across_split, b.pictures.size());
  });
}

/// Pictures with equal small copies are usually equal, but frames of one film may differ in a few pixels. A
/// hash of all pixels separates these, at the cost of decoding each picture once; comparing all pairs would
/// decode each picture once per pair.
std::vector<Indices> sharing_all_pixels(const std::vector<Indices>& candidates, std::size_t n, int threads,
                                        const auto& pixels_of) {
  Indices all;
  for (const Indices& one : candidates) all.insert(all.end(), one.begin(), one.end());
  std::vector<std::uint64_t> hashes(n);
  parallel_for(all.size(), threads, [&](std::size_t k) { hashes[all[k]] = hash_of(pixels_of(all[k])); });
  std::vector<Indices> result;
  for (const Indices& one : candidates) {
    for (Indices& equal : sharing(one, [&](std::uint32_t i) { return hashes[i]; })) {
      result.push_back(std::move(equal));
    }
  }
  return result;
}

}  // namespace

void find_duplicates(Inspection& inspection, const std::vector<PictureTraces>& traces) {
  const std::vector<InspectedPicture>& pictures = inspection.pictures;
  const InspectOptions& options = inspection.options;
  const auto bytes_of = [&](std::uint32_t i) {
    try {
      return read_picture_file(inspection.folder / pictures[i].file);
    } catch (const Error&) {  // changed since it was inspected
      return Bytes();
    }
  };
  const auto pixels_of = [&](std::uint32_t i) {
    try {
      return decode_picture(bytes_of(i), {.apply_exif_orientation = options.apply_exif_orientation})
          .picture.pixels;
    } catch (const Error&) {
      return Bytes();
    }
  };
  Indices all(pictures.size());
  std::iota(all.begin(), all.end(), 0u);

  for (const Indices& candidates :
       sharing(all, [&](std::uint32_t i) { return std::pair(pictures[i].bytes, pictures[i].bytes_hash); })) {
    add_equal(candidates, bytes_of, inspection.same_bytes);
  }
  // Of files with the same bytes only the first is compared further.
  Indices distinct = all;
  for (const DuplicateGroup& group : inspection.same_bytes) {
    for (const std::uint32_t i : group.pictures) distinct[i] = group.pictures.front();
  }
  std::erase_if(distinct, [&, i = 0u](std::uint32_t first) mutable { return first != i++; });
  const std::vector<Indices> alike = sharing(distinct, [&](std::uint32_t i) {
    return std::tuple(pictures[i].width, pictures[i].height, traces[i].pixels_hash);
  });
  for (const Indices& candidates : sharing_all_pixels(alike, pictures.size(), options.threads, pixels_of)) {
    add_equal(candidates, pixels_of, inspection.same_pixels);
  }

  std::vector<PictureSignature> signatures;
  signatures.reserve(traces.size());
  for (const PictureTraces& one : traces) signatures.push_back(one.signature);
  const Indices group = near_duplicate_groups(signatures);
  for (Indices& near : sharing(all, [&](std::uint32_t i) { return group[i]; })) {
    inspection.near_duplicates.push_back({std::move(near), false, false});
  }
  for (auto* groups : {&inspection.same_bytes, &inspection.same_pixels, &inspection.near_duplicates}) {
    judge(*groups, pictures);
  }
}

}  // namespace bart
