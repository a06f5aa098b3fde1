#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bart/platform/error.h"
#include "bart/platform/group.h"

namespace bart {

// Work that the processes of a group share, and whose results process 0 needs. It goes in steps, each of
// which begins with a word from every process, so that all of them learn at once when the work of one has
// failed. A process in which one of these functions, or the work between them, throws must end, or tell the
// others by speaks_for_all().

/// Another process of the group has failed and says why. This one has nothing to add.
class EndedByAnother : public Error {
 public:
  EndedByAnother() : Error("another process has failed") {}
};

/// Another process is gone or does not answer, so that no further step is possible.
class GroupError : public Error {
 public:
  using Error::Error;
};

/// To be called instead of the next step by a process that has failed: whether it is the one that says why,
/// the first that failed in the order of the ranks. Process 0 does not ask: it says why and ends.
bool speaks_for_all(Group& group);

/// Waits for the launcher to end this process while another says why, at most until the group gives up.
void wait_for_the_end(Group& group);

/// Throws Error with `difference` in a process whose `mine` is not that of process 0. The values are hashes
/// of what must be the same.
void check_same(Group& group, std::uint64_t mine, const std::string& difference);

/// Shares out the work on `count` items. In each round every process is given the next items, at most `most`
/// and no more than an even share of all; `compute(first, end)` returns the result for them as bytes.
/// In process 0 `take(first, end, bytes)` gets the results of the round in the order of the items, while the
/// others begin the next round. All processes make the call with the same numbers. Throws EndedByAnother when
/// `compute` threw in another process, and GroupError.
void share_out(
    Group& group, std::size_t count, std::size_t most,
    const std::function<std::vector<std::uint8_t>(std::size_t first, std::size_t end)>& compute,
    const std::function<void(std::size_t first, std::size_t end, std::span<const std::uint8_t>)>& take);

}  // namespace bart
