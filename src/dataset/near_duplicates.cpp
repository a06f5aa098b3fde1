#include "bart/dataset/near_duplicates.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "bart/dataset/check_pixels.h"
#include "bart/pictures/resize.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

constexpr int quarters = 4;
constexpr int quarter_distance = near_duplicate_distance / quarters;  // by the pigeonhole principle
constexpr std::size_t bucket_count = 1 << 16;

std::uint32_t quarter(std::uint64_t hash, int q) {
  return static_cast<std::uint32_t>(hash >> (16 * q)) & 0xFFFF;
}

/// Union by smaller index, find with path halving.
class Groups {
 public:
  explicit Groups(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), 0u); }

  std::uint32_t find(std::uint32_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(std::uint32_t i, std::uint32_t j) {
    i = find(i);
    j = find(j);
    parent_[std::max(i, j)] = std::min(i, j);
  }

 private:
  std::vector<std::uint32_t> parent_;
};

/// Pictures sorted by one quarter of their hash.
struct Buckets {
  std::vector<std::uint32_t> start;     // [65537] of each bucket in `pictures`
  std::vector<std::uint32_t> pictures;  // [n], in order within a bucket
  std::vector<std::uint64_t>
      hashes;  // [n] their hashes, stored side by side because they are read far more often
};

Buckets buckets_of(std::span<const PictureSignature> signatures, const std::vector<std::uint32_t>& distinct,
                   int q) {
  Buckets buckets;
  buckets.start.resize(bucket_count + 1);
  buckets.pictures.resize(distinct.size());
  buckets.hashes.resize(distinct.size());
  for (const std::uint32_t i : distinct) ++buckets.start[quarter(signatures[i].hash, q) + 1];
  std::partial_sum(buckets.start.begin(), buckets.start.end(), buckets.start.begin());
  std::vector<std::uint32_t> next(buckets.start.begin(), buckets.start.end() - 1);
  for (const std::uint32_t i : distinct) {
    const std::uint32_t place = next[quarter(signatures[i].hash, q)]++;
    buckets.pictures[place] = i;
    buckets.hashes[place] = signatures[i].hash;
  }
  return buckets;
}

/// All 16-bit words with at most `quarter_distance` bits set.
std::vector<std::uint32_t> small_differences() {
  std::vector<std::uint32_t> differences;
  for (std::uint32_t word = 0; word < bucket_count; ++word) {
    if (std::popcount(word) <= quarter_distance) differences.push_back(word);
  }
  return differences;
}

}  // namespace

std::vector<std::uint32_t> near_duplicate_groups(std::span<const PictureSignature> signatures) {
  const auto n = static_cast<std::uint32_t>(signatures.size());
  Groups groups(n);

  // Only the first of equal signatures is searched for, because a thousand copies of one picture would be a
  // million pairs.
  std::vector<std::uint32_t> order(n), distinct;
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order,
                           [&](std::uint32_t a, std::uint32_t b) { return signatures[a] < signatures[b]; });
  for (const std::uint32_t i : order) {
    if (!distinct.empty() && signatures[distinct.back()] == signatures[i]) {
      groups.join(distinct.back(), i);
    } else {
      distinct.push_back(i);
    }
  }
  std::ranges::sort(distinct);

  const std::vector<std::uint32_t> differences = small_differences();
  for (int q = 0; q < quarters; ++q) {
    const Buckets buckets = buckets_of(signatures, distinct, q);
    for (const std::uint32_t i : distinct) {
      const std::uint64_t hash = signatures[i].hash;
      for (const std::uint32_t difference : differences) {
        const std::uint32_t bucket = quarter(hash, q) ^ difference;
        for (std::uint32_t k = buckets.start[bucket]; k < buckets.start[bucket + 1]; ++k) {
          if (std::popcount(hash ^ buckets.hashes[k]) > near_duplicate_distance) continue;
          const std::uint32_t j = buckets.pictures[k];
          if (j < i && groups.find(i) != groups.find(j) && near_duplicates(signatures[i], signatures[j])) {
            groups.join(i, j);
          }
        }
      }
    }
  }
  std::vector<std::uint32_t> group(n);
  for (std::uint32_t i = 0; i < n; ++i) group[i] = groups.find(i);
  return group;
}

std::vector<PictureSignature> signatures_of(const LoadedPictures& pictures, int threads) {
  check_pixels(pictures);
  std::vector<PictureSignature> signatures(pictures.size());
  const int size = pictures.image_size;
  const std::size_t bytes = static_cast<std::size_t>(size) * size * 3;
  parallel_for(pictures.size(), threads, [&](std::size_t i) {
    pictures.will_need(i);  // read from a disk in one piece, not page by page
    const std::uint8_t* pixels = pictures.picture(i);
    Picture picture{size, size, {pixels, pixels + bytes}};
    if (size != signature_side) picture = resize_picture(picture, signature_side, signature_side);
    signatures[i] = picture_signature(picture);
    pictures.done_with(i);
  });
  return signatures;
}

}  // namespace bart
