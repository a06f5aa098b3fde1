#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/platform/byte_store.h"
#include "bart/platform/group.h"
#include "cache_index.h"

namespace bart {

/// The state of reading a listing of n pictures.
struct Reading {
  std::vector<PictureRecord> records;  // [n]
  std::vector<std::uint8_t> known;     // [n] whether the picture came from the cache
  std::vector<std::uint8_t> lasting;   // [n] whether name, size and time identify it next time
  ByteStore pixels;
  bool shared = false;  // with the other processes of this computer

  explicit Reading(std::size_t n) : records(n), known(n), lasting(n) {}
};

// How the processes of a computer read together. Every process calls these functions.

/// The state of process 0 replaces those of all others, which map its pixels. Returns false in all processes
/// if one of them cannot. Throws Error if this process has another listing than process 0.
bool share_reading(Group& computer, const Listing& listing, Reading& reading);

/// This process has read the pictures `read_here`, others have read others: all get the records of all.
void share_records(Group& computer, const std::vector<std::uint32_t>& read_here, Reading& reading);

}  // namespace bart
