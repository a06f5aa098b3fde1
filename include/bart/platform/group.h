#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

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
  /// Those of the processes that run on the same computer as this one, on a channel of their own.
  virtual Group& computer() = 0;

  /// Bytes that this process has sent so far, in the background, too; without those on the channel of a
  /// computer. Not during a call.
  virtual std::uint64_t bytes_sent() const = 0;
};

/// Whether this process is the one that writes: it is alone (nullptr), or process 0.
inline bool is_first(const Group* group) {
  return group == nullptr || group->rank() == 0;
}

/// The values of process 0, a string or a vector of numbers, replace those of all others. Every process calls
/// it.
template <class Values>
void share(Group& group, Values& values) {
  std::uint64_t size = values.size();
  group.broadcast(&size, sizeof size);
  values.resize(size);
  if (size > 0) group.broadcast(values.data(), size * sizeof(values[0]));
}

/// Whether `mine` is true in all processes. Every process calls it.
bool all_true(Group& group, bool mine);

/// The bytes of each process, by rank. Every process calls it.
std::vector<std::vector<std::uint8_t>> gather_bytes(Group& group, std::span<const std::uint8_t> mine);

}  // namespace bart
