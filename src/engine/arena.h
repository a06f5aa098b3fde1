#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bart/platform/aligned_memory.h"

namespace bart {

/// The bytes of so many floats.
inline std::size_t float_bytes(std::int64_t count) {
  return static_cast<std::size_t>(count) * sizeof(float);
}

/// A buffer of a plan: where it lies in the arena, when it holds something, and what, for the printed plan.
/// Times are those of the plan's own clock, ends included.
struct Buffer {
  std::string name;
  std::size_t bytes;
  int first;
  int last;
  std::size_t offset = 0;  // bytes
};

/// Lays out the buffers of a plan so that those that never hold something at the same time share memory.
class ArenaLayout {
 public:
  /// Asks for a buffer that is in use from time `first` to `last`; returns its number.
  std::size_t add(std::string name, std::size_t bytes, int first, int last);
  /// Places all buffers: the largest first, each as low as those that it meets in time let it.
  void place();
  std::size_t offset(std::size_t buffer) const { return buffers_[buffer].offset; }
  std::size_t size() const { return size_; }
  /// What the buffers would take if none shared memory.
  std::size_t size_without_sharing() const;
  const std::vector<Buffer>& buffers() const { return buffers_; }

 private:
  std::vector<Buffer> buffers_;
  std::size_t size_ = 0;
};

}  // namespace bart
