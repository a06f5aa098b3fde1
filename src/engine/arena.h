#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bart {

/// A cache-line aligned block of zeroed memory, returned to the system when it goes.
class AlignedMemory {
 public:
  AlignedMemory() = default;
  explicit AlignedMemory(std::size_t bytes);
  float* floats() const { return reinterpret_cast<float*>(memory_.get()); }
  std::uint8_t* bytes() const { return memory_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Unmap {
    std::size_t bytes;
    void operator()(std::uint8_t* memory) const;
  };
  std::unique_ptr<std::uint8_t, Unmap> memory_;
  std::size_t size_ = 0;
};

/// The bytes of so many floats.
inline std::size_t float_bytes(std::int64_t count) {
  return static_cast<std::size_t>(count) * sizeof(float);
}

/// A buffer of a plan: where it lies in the arena, and what it holds, for the printed plan.
struct Buffer {
  std::string name;
  std::size_t offset;  // bytes
  std::size_t bytes;
};

/// Lays out the buffers of a plan, one behind the other. Buffers that may share memory are one buffer: the
/// plan writes a gradient over the activation that is no longer needed.
class ArenaLayout {
 public:
  /// Reserves a buffer and returns its offset in bytes.
  std::size_t add(std::string name, std::size_t bytes);
  std::size_t size() const { return size_; }
  const std::vector<Buffer>& buffers() const { return buffers_; }

 private:
  std::vector<Buffer> buffers_;
  std::size_t size_ = 0;
};

}  // namespace bart
