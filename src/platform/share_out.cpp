#include "bart/platform/share_out.h"

#include <algorithm>
#include <limits>

namespace bart {
namespace {

/// The word of a process that has failed. No length and, but for one in 2^64, no hash.
constexpr std::uint64_t failed = std::numeric_limits<std::uint64_t>::max();

void gather(Group& group, const void* mine, std::span<const std::size_t> bytes, void* all) {
  try {
    group.gather(mine, bytes, all);
  } catch (const Error& error) {
    throw GroupError(error.what());
  }
}

std::vector<std::uint64_t> gather_words(Group& group, std::uint64_t mine) {
  std::vector<std::uint64_t> all(static_cast<std::size_t>(group.size()));
  const std::vector<std::size_t> lengths(all.size(), sizeof mine);
  gather(group, &mine, lengths, all.data());
  return all;
}

/// The beginning of a step: the words of all processes.
std::vector<std::uint64_t> step(Group& group, std::uint64_t mine) {
  std::vector<std::uint64_t> all = gather_words(group, mine);
  if (std::ranges::find(all, failed) != all.end()) throw EndedByAnother();
  return all;
}

}  // namespace

bool speaks_for_all(Group& group) {
  if (group.rank() == 0) return true;
  try {
    const std::vector<std::uint64_t> all = gather_words(group, failed);
    return std::ranges::find(all, failed) - all.begin() == group.rank();
  } catch (const GroupError&) {
    return true;  // nobody else is there to say anything
  }
}

void wait_for_the_end(Group& group) {
  try {
    gather_words(group, failed);  // the one that says why does not take part
  } catch (const GroupError&) {
  }
}

void check_same(Group& group, std::uint64_t mine, const std::string& difference) {
  mine = std::min(mine, failed - 1);
  if (step(group, mine).front() != mine) throw Error(difference);
  step(group, 0);
}

void share_out(
    Group& group, std::size_t count, std::size_t most,
    const std::function<std::vector<std::uint8_t>(std::size_t first, std::size_t end)>& compute,
    const std::function<void(std::size_t first, std::size_t end, std::span<const std::uint8_t>)>& take) {
  const auto processes = static_cast<std::size_t>(group.size());
  const auto rank = static_cast<std::size_t>(group.rank());
  const std::size_t each = std::min(std::max<std::size_t>(most, 1), (count + processes - 1) / processes);
  std::vector<std::uint8_t> mine, all;
  for (std::size_t round = 0; round < count; round += processes * each) {
    const auto begin_of = [&](std::size_t process) { return std::min(count, round + process * each); };
    mine.clear();
    if (begin_of(rank) < begin_of(rank + 1)) mine = compute(begin_of(rank), begin_of(rank + 1));
    const std::vector<std::uint64_t> words = step(group, mine.size());
    const std::vector<std::size_t> lengths(words.begin(), words.end());
    std::size_t total = 0;
    for (const std::size_t length : lengths) total += length;
    all.resize(total);
    gather(group, mine.data(), lengths, all.data());
    if (rank != 0) continue;
    std::span<const std::uint8_t> left = all;
    for (std::size_t process = 0; process < processes && begin_of(process) < count; ++process) {
      take(begin_of(process), begin_of(process + 1), left.first(lengths[process]));
      left = left.subspan(lengths[process]);
    }
  }
}

}  // namespace bart
