#include "picture_memory.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>

#include "bart/pictures/decode.h"
#include "bart/platform/memory.h"

namespace bart {
namespace {

constexpr std::uint64_t uncounted = std::uint64_t{16} << 20;  // a photograph of some 5 million pixels, whole
constexpr std::uint64_t least_budget = std::uint64_t{256} << 20;

struct Budget {
  std::uint64_t size = std::clamp(machine_memory() / 2, least_budget, max_picture_memory);
  std::uint64_t free = size;
  std::mutex mutex;
  std::condition_variable more_is_free;
};

Budget& budget() {
  static Budget all;
  return all;
}

std::string gigabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", 1e-9 * static_cast<double>(bytes));
  return text;
}

}  // namespace

void PictureMemory::claim(std::uint64_t bytes) {
  if (bytes <= uncounted) return;
  if (bytes > max_picture_memory) {
    throw PictureError("decoding it takes " + gigabytes(bytes) + " of memory, more than the limit of " +
                       gigabytes(max_picture_memory) + " for one picture");
  }
  Budget& all = budget();
  if (bytes > all.size) {
    throw Error("decoding it takes " + gigabytes(bytes) + " of memory, more than the " + gigabytes(all.size) +
                " that this machine has for pictures");
  }
  std::unique_lock lock(all.mutex);
  all.more_is_free.wait(lock, [&] { return all.free >= bytes; });
  all.free -= bytes;
  claimed_ = bytes;
}

PictureMemory::~PictureMemory() {
  if (claimed_ == 0) return;
  Budget& all = budget();
  {
    const std::lock_guard lock(all.mutex);
    all.free += claimed_;
  }
  all.more_is_free.notify_all();
}

}  // namespace bart
