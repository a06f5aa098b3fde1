#include "shared_reading.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <string>
#include <utility>

#include "bart/platform/error.h"

namespace bart {
namespace {

/// The records of these pictures as bytes.
std::vector<std::uint8_t> encode(const Listing& listing, const Reading& reading,
                                 std::vector<std::uint32_t> pictures) {
  std::ranges::sort(pictures, {},
                    [&](std::uint32_t i) -> const std::string& { return listing.pictures[i].file; });
  CacheIndex index{.made_with = reading.pixels.shared_path().string(), .slots = ~std::uint32_t{0}};
  for (const std::uint32_t i : pictures)
    index.pictures.push_back({listing.pictures[i].file, reading.records[i]});
  return encode_cache_index(index);
}

/// The pictures of the listing in the order of their names, in which decoded records come.
std::vector<std::uint32_t> by_name(const Listing& listing) {
  std::vector<std::uint32_t> order(listing.pictures.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {},
                    [&](std::uint32_t i) -> const std::string& { return listing.pictures[i].file; });
  return order;
}

/// Takes over the records of another process.
void take_records(const CacheIndex& from, const Listing& listing, const std::vector<std::uint32_t>& order,
                  Reading& reading) {
  auto place = order.begin();
  for (const CachedPicture& picture : from.pictures) {
    while (place != order.end() && listing.pictures[*place].file < picture.file) ++place;
    if (place == order.end() || listing.pictures[*place].file != picture.file) {
      throw Error("another process on this computer has found other pictures: " + picture.file);
    }
    reading.records[*place] = picture.record;
  }
}

bool all_of(Group& computer, bool mine) {
  const std::uint8_t own = mine ? 1 : 0;
  const auto all = gather_bytes(computer, {&own, 1});
  return std::ranges::all_of(all, [](const auto& one) { return one.front() == 1; });
}

}  // namespace

bool share_reading(Group& computer, const Listing& listing, Reading& reading) {
  const bool leads = computer.rank() == 0;
  std::vector<std::uint8_t> records;
  std::uint64_t bytes = reading.pixels.size();
  if (leads) {
    std::vector<std::uint32_t> all(listing.pictures.size());
    std::iota(all.begin(), all.end(), 0U);
    records = encode(listing, reading, std::move(all));
  }
  share(computer, records);
  share(computer, reading.known);
  computer.broadcast(&bytes, sizeof bytes);
  bool mapped = true;
  if (!leads) {
    const CacheIndex index = decode_cache_index(records);
    if (index.pictures.size() != listing.pictures.size()) {
      throw Error("another process on this computer has found other pictures");
    }
    take_records(index, listing, by_name(listing), reading);
    try {
      if (bytes > 0) reading.pixels = ByteStore::of_other_process(index.made_with, bytes);
    } catch (const Error&) {
      mapped = false;
    }
  }
  reading.shared = all_of(computer, mapped);
  return reading.shared;
}

void share_records(Group& computer, const Listing& listing, const std::vector<std::uint32_t>& read_here,
                   Reading& reading) {
  const auto records = gather_bytes(computer, encode(listing, reading, read_here));
  const auto lasting = gather_bytes(computer, reading.lasting);
  const std::vector<std::uint32_t> order = by_name(listing);
  for (std::size_t process = 0; process < records.size(); ++process) {
    if (std::cmp_equal(process, computer.rank())) continue;
    take_records(decode_cache_index(records[process]), listing, order, reading);
    for (std::size_t i = 0; i < reading.lasting.size(); ++i) reading.lasting[i] |= lasting[process][i];
  }
}

}  // namespace bart
