#include "shared_reading.h"

#include <span>
#include <utility>

#include "bart/platform/error.h"
#include "bart/platform/packed.h"

namespace bart {
namespace {

void add(Packed& all, const PictureRecord& record) {
  all.add(record.bytes);
  all.add(record.modified);
  all.add(record.hash);
  all.add(record.slot);
  all.add(record.height);
  all.add(record.width);
  all.add(record.broken);
  all.add_text(record.text);
}

PictureRecord next_record(Unpacked& all) {
  PictureRecord record;
  record.bytes = all.next<std::uint64_t>();
  record.modified = all.next<std::int64_t>();
  record.hash = all.next<std::uint64_t>();
  record.slot = all.next<std::uint32_t>();
  record.height = all.next<std::int32_t>();
  record.width = all.next<std::int32_t>();
  record.broken = all.next<bool>();
  record.text = all.next_text();
  return record;
}

std::vector<std::uint8_t> packed(const Listing& listing, const Reading& reading) {
  Packed all;
  all.add_text(reading.pixels.shared_path().native());
  all.add(std::uint64_t{reading.pixels.size()});
  all.add_all(std::span<const std::uint8_t>(reading.known));
  for (std::size_t i = 0; i < reading.records.size(); ++i) {
    all.add_text(listing.pictures[i].file);
    add(all, reading.records[i]);
  }
  return all.take();
}

/// Takes over the state of process 0. Returns whether its pixels could be mapped.
bool take(std::span<const std::uint8_t> bytes, const Listing& listing, Reading& reading) {
  Unpacked all(bytes);
  const std::string path = all.next_text();
  const auto size = all.next<std::uint64_t>();
  reading.known = all.next_all<std::uint8_t>();
  if (reading.known.size() != listing.pictures.size()) {
    throw Error("another process on this computer has found other pictures");
  }
  for (std::size_t i = 0; i < reading.records.size(); ++i) {
    if (const std::string file = all.next_text(); file != listing.pictures[i].file) {
      throw Error("another process on this computer has found other pictures: " + file);
    }
    reading.records[i] = next_record(all);
  }
  try {
    if (size > 0) reading.pixels = ByteStore::of_other_process(path, size);
  } catch (const Error&) {
    return false;
  }
  return true;
}

}  // namespace

bool share_reading(Group& computer, const Listing& listing, Reading& reading) {
  std::vector<std::uint8_t> state;
  if (computer.rank() == 0) state = packed(listing, reading);
  share(computer, state);
  reading.shared = all_true(computer, computer.rank() == 0 || take(state, listing, reading));
  return reading.shared;
}

void share_records(Group& computer, const std::vector<std::uint32_t>& read_here, Reading& reading) {
  Packed own;
  own.add_all(std::span(read_here));
  for (const std::uint32_t i : read_here) {
    own.add(reading.lasting[i]);
    add(own, reading.records[i]);
  }
  for (const std::vector<std::uint8_t>& bytes : gather_bytes(computer, own.take())) {
    Unpacked all(bytes);
    for (const std::uint32_t i : all.next_all<std::uint32_t>()) {
      reading.lasting[i] = all.next<std::uint8_t>();
      reading.records[i] = next_record(all);
    }
  }
}

}  // namespace bart
