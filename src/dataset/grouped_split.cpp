#include "bart/dataset/grouped_split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "bart/platform/error.h"
#include "bart/random/mt19937.h"
#include "bart/random/numpy.h"
#include "split_parts.h"

namespace bart {
namespace {

using Members = std::vector<std::uint32_t>;

/// A label is an index and memory is taken for each class below it, so a label beyond this is refused.
constexpr std::size_t max_classes = 1 << 24;

std::vector<Members> members_of(std::span<const std::uint32_t> groups) {
  std::map<std::uint32_t, Members> by_name;
  for (std::uint32_t i = 0; i < groups.size(); ++i) by_name[groups[i]].push_back(i);
  std::vector<Members> members;
  for (auto& [name, pictures] : by_name) members.push_back(std::move(pictures));
  return members;
}

/// `tests` pictures distributed among the classes by the largest-remainder method.
std::vector<std::int64_t> class_targets(const std::vector<std::int64_t>& counts, std::int64_t tests) {
  const std::int64_t total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  std::vector<std::int64_t> targets;
  std::int64_t missing = tests;
  for (const std::int64_t count : counts) {
    targets.push_back(count * tests / total);
    missing -= targets.back();
  }
  std::vector<std::size_t> order(counts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return counts[a] * tests % total > counts[b] * tests % total;
  });
  for (std::int64_t i = 0; i < missing; ++i) ++targets[order[static_cast<std::size_t>(i)]];
  return targets;
}

}  // namespace

Split grouped_split(std::span<const std::int32_t> labels, std::span<const std::uint32_t> groups,
                    double test_size, std::uint32_t seed, const HeldOut& held_out) {
  check_test_size(test_size, held_out);
  if (labels.empty()) throw Error("there are no pictures to split");
  if (labels.size() != groups.size()) {
    throw Error(fmt::format("{} pictures have labels, {} have groups", labels.size(), groups.size()));
  }
  check_labels(labels, max_classes);
  const std::vector<Members> members = members_of(groups);
  if (members.size() < 2) {
    throw Error(fmt::format(
        "all {} pictures are near duplicates of each other, one group: a grouped split needs at least two",
        labels.size()));
  }
  const std::size_t classes = static_cast<std::size_t>(*std::ranges::max_element(labels)) + 1;
  std::vector<std::int64_t> training(classes);  // pictures left on the training side
  for (const std::int32_t label : labels) ++training[static_cast<std::size_t>(label)];
  const auto tests = static_cast<std::int64_t>(std::ceil(test_size * static_cast<double>(labels.size())));
  std::vector<std::int64_t> missing = class_targets(training, tests);  // in the test set

  Mt19937 generator(seed);
  Split split;
  // First come the groups that fit into what is still missing, then those that overshoot by less than they
  // fill.
  std::vector<std::uint32_t> order = numpy_permutation(generator, static_cast<std::uint32_t>(members.size()));
  for (const bool overshoot : {false, true}) {
    std::erase_if(order, [&](std::uint32_t g) {
      std::map<std::size_t, std::int64_t> added;
      for (const std::uint32_t i : members[g]) ++added[static_cast<std::size_t>(labels[i])];
      bool fits = true, leaves_training = true;
      std::int64_t gain = 0;  // |missing|² - |missing - added|²
      for (const auto& [label, count] : added) {
        fits = fits && count <= missing[label];
        leaves_training = leaves_training && count < training[label];
        gain += 2 * missing[label] * count - count * count;
      }
      if (!leaves_training || (overshoot ? gain <= 0 : !fits)) return false;
      for (const auto& [label, count] : added) {
        missing[label] -= count;
        training[label] -= count;
      }
      split.test.insert(split.test.end(), members[g].begin(), members[g].end());
      return true;
    });
  }
  for (const std::uint32_t g : order) {
    split.train.insert(split.train.end(), members[g].begin(), members[g].end());
  }
  if (split.test.empty()) {
    throw Error(
        fmt::format("{} of {} is less than any of the {} groups of near duplicates that could be spared from "
                    "training: choose a larger one, or another split",
                    held_out.size, test_size, members.size()));
  }
  split.train = shuffled(split.train, generator);
  split.test = shuffled(split.test, generator);
  return split;
}

}  // namespace bart
