#pragma once

#include <cstdint>

namespace bart {

/// The memory that a large picture takes while it is decoded. All threads share one budget of it, so that a
/// few large pictures do not take a multiple of what one takes: a picture waits until its part is free.
class PictureMemory {
 public:
  PictureMemory() = default;
  ~PictureMemory();
  PictureMemory(const PictureMemory&) = delete;
  PictureMemory& operator=(const PictureMemory&) = delete;

  /// Claims this many bytes until the end of this object's life; to be called before the memory is taken, and
  /// once, for a picture that waits while it holds a part could wait for another that does the same. Pictures
  /// of a few megabytes are not counted. Throws PictureError for more than any picture may take, and Error
  /// for more than this machine has for pictures.
  void claim(std::uint64_t bytes);

 private:
  std::uint64_t claimed_ = 0;
};

/// What the decoding of one picture may take at most, in bytes. It is enough for any picture of 8 bits per
/// channel that Pillow opens, and no file of a few kilobytes takes more.
inline constexpr std::uint64_t max_picture_memory = 1'900'000'000;

}  // namespace bart
