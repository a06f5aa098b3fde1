#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bart/platform/aligned_memory.h"

namespace bart {

/// The number of bytes of `count` floats.
inline std::size_t float_bytes(std::int64_t count) {
  return static_cast<std::size_t>(count) * sizeof(float);
}

/// A buffer of a plan: its name for the printed plan, the time in which it is in use, and its place in the
/// arena. Times are those of the plan's own clock, both ends included.
struct Buffer {
  std::string name;
  std::size_t bytes;
  int first;
  int last;
  std::size_t offset = 0;  // bytes
};

/// Lays out the buffers of a plan so that buffers that are not in use at the same time share memory.
class ArenaLayout {
 public:
  /// Adds a buffer that is in use from time `first` to `last`. Returns its number.
  std::size_t add(std::string name, std::size_t bytes, int first, int last);
  /// Places all buffers, the largest first, each as low as the buffers in use at the same time allow.
  void place();
  std::size_t offset(std::size_t buffer) const { return buffers_[buffer].offset; }
  std::size_t size() const { return size_; }
  /// The size of all buffers if none shared memory.
  std::size_t size_without_sharing() const;
  const std::vector<Buffer>& buffers() const { return buffers_; }

 private:
  std::vector<Buffer> buffers_;
  std::size_t size_ = 0;
};

}  // namespace bart
