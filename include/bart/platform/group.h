#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace bart {

/// The processes that train together, perhaps on several computers. All of them make the same calls in the
/// same order; a call returns when this process has what it needs. Implementations throw Error when another
/// process is gone or does not answer.
class Group {
 public:
  virtual ~Group() = default;

  virtual int rank() const = 0;  // from 0
  virtual int size() const = 0;

  /// Puts the pieces of all processes together in the order of their ranks. `bytes` are their lengths,
  /// [size].
  virtual void gather(const void* mine, std::span<const std::size_t> bytes, void* all) = 0;
  /// Process p gets the p-th piece of `bytes` bytes of every process, in the order of their ranks. Both
  /// arrays are [size, bytes].
  virtual void exchange(const void* mine, std::size_t bytes, void* all) = 0;
  /// Copies the `bytes` bytes at `memory` from process 0 to all others.
  virtual void broadcast(void* memory, std::size_t bytes) = 0;

  /// The same processes on a channel of its own, on which another thread may call at the same time.
  virtual Group& background() = 0;

  /// Bytes that this process has sent so far, in the background, too. Not during a call.
  virtual std::uint64_t bytes_sent() const = 0;
};

}  // namespace bart
