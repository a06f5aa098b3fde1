#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace bart {

/// A block of zeroed memory that begins on a page boundary and is returned to the system when this object is
/// destroyed. Throws Error when there is not enough memory.
class AlignedMemory {
 public:
  AlignedMemory() = default;
  explicit AlignedMemory(std::size_t bytes);
  float* floats() const { return reinterpret_cast<float*>(memory_.get()); }
  std::uint8_t* bytes() const { return memory_.get(); }
  std::size_t size() const { return size_; }
  /// Gives its pages back to the system. They are zero when they are used again.
  void release() const;

 private:
  struct Unmap {
    std::size_t bytes;
    void operator()(std::uint8_t* memory) const;
  };
  std::unique_ptr<std::uint8_t, Unmap> memory_;
  std::size_t size_ = 0;
};

}  // namespace bart
