#include "bart/platform/group.h"

#include <algorithm>
#include <numeric>

namespace bart {

bool all_true(Group& group, bool mine) {
  const std::uint8_t own = mine ? 1 : 0;
  const auto processes = static_cast<std::size_t>(group.size());
  std::vector<std::uint8_t> all(processes);
  group.gather(&own, std::vector<std::size_t>(processes, 1), all.data());
  return std::ranges::count(all, 1) == group.size();
}

std::vector<std::vector<std::uint8_t>> gather_bytes(Group& group, std::span<const std::uint8_t> mine) {
  const auto processes = static_cast<std::size_t>(group.size());
  const std::uint64_t own = mine.size();
  std::vector<std::uint64_t> sizes(processes);
  group.gather(&own, std::vector(processes, sizeof own), sizes.data());
  const std::vector<std::size_t> lengths(sizes.begin(), sizes.end());
  std::vector<std::uint8_t> together(std::accumulate(lengths.begin(), lengths.end(), std::size_t{0}));
  group.gather(mine.data(), lengths, together.data());
  std::vector<std::vector<std::uint8_t>> all;
  auto from = together.begin();
  for (const std::size_t length : lengths) {
    all.emplace_back(from, from + static_cast<std::ptrdiff_t>(length));
    from += static_cast<std::ptrdiff_t>(length);
  }
  return all;
}

}  // namespace bart
