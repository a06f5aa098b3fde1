#include "bart/dataset/stratified_split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "bart/platform/error.h"
#include "bart/random/mt19937.h"
#include "bart/random/numpy.h"
#include "split_parts.h"

namespace bart {
namespace {

/// scikit-learn's _approximate_mode (sklearn/utils/extmath.py): how many of `draws` each class contributes
/// when all contribute the same share; the generator breaks ties between remainders. The floating-point
/// operations are in scikit-learn's order, which decides what counts as a tie.
std::vector<std::uint32_t> class_shares(const std::vector<std::uint32_t>& counts, std::uint32_t draws,
                                        Mt19937& generator) {
  double total = 0;
  for (const std::uint32_t count : counts) total += count;
  std::vector<std::uint32_t> shares;
  std::vector<double> remainders;
  std::uint32_t missing = draws;
  for (const std::uint32_t count : counts) {
    const double exact = count / total * draws;
    shares.push_back(static_cast<std::uint32_t>(std::floor(exact)));
    remainders.push_back(exact - std::floor(exact));
    missing -= shares.back();
  }
  std::vector<double> values = remainders;
  std::ranges::sort(values, std::greater<>());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  for (const double value : values) {
    if (missing == 0) break;
    std::vector<std::size_t> tied;
    for (std::size_t c = 0; c < counts.size(); ++c) {
      if (remainders[c] == value) tied.push_back(c);
    }
    // RandomState.choice(tied, size, replace=False) takes the first `size` elements of a permutation.
    const std::vector<std::uint32_t> order =
        numpy_permutation(generator, static_cast<std::uint32_t>(tied.size()));
    const std::size_t now = std::min<std::size_t>(tied.size(), missing);
    for (std::size_t i = 0; i < now; ++i) ++shares[tied[order[i]]];
    missing -= static_cast<std::uint32_t>(now);
  }
  return shares;
}

void check(const std::vector<std::vector<std::uint32_t>>& members, const std::vector<std::string>& classes,
           std::uint32_t tests, std::uint32_t n, double test_size, const HeldOut& held_out) {
  std::string single;
  for (std::size_t c = 0; c < members.size(); ++c) {
    if (members[c].size() < 2) single += (single.empty() ? "" : ", ") + classes[c];
  }
  if (!single.empty()) {
    throw Error(fmt::format(
        "a stratified split needs at least 2 pictures of every class, and there are fewer of: {}", single));
  }
  if (tests < classes.size() || n - tests < classes.size()) {
    throw Error(
        fmt::format("{} of {} leaves {} of {} pictures {} and {} for training: a "
                    "stratified split needs at least one for each of the {} classes on both sides",
                    held_out.size, test_size, tests, n, held_out.purpose, n - tests, classes.size()));
  }
}

}  // namespace

Split stratified_split(std::span<const std::int32_t> labels, const std::vector<std::string>& classes,
                       double test_size, std::uint32_t seed, const HeldOut& held_out) {
  check_test_size(test_size, held_out);
  check_labels(labels, classes.size());
  if (labels.empty()) throw Error("there are no pictures to split");
  const auto n = static_cast<std::uint32_t>(labels.size());
  const auto tests = static_cast<std::uint32_t>(std::ceil(test_size * n));
  std::vector<std::vector<std::uint32_t>> members(classes.size());
  for (std::uint32_t i = 0; i < n; ++i) members[static_cast<std::size_t>(labels[i])].push_back(i);
  check(members, classes, tests, n, test_size, held_out);

  // StratifiedShuffleSplit._iter_indices (sklearn/model_selection/_split.py).
  Mt19937 generator(seed);
  std::vector<std::uint32_t> left;
  for (const auto& member : members) left.push_back(static_cast<std::uint32_t>(member.size()));
  const std::vector<std::uint32_t> train_counts = class_shares(left, n - tests, generator);
  for (std::size_t c = 0; c < left.size(); ++c) left[c] -= train_counts[c];
  const std::vector<std::uint32_t> test_counts = class_shares(left, tests, generator);

  Split split;
  for (std::size_t c = 0; c < members.size(); ++c) {
    const std::vector<std::uint32_t> order = shuffled(members[c], generator);
    const auto middle = order.begin() + train_counts[c];
    split.train.insert(split.train.end(), order.begin(), middle);
    split.test.insert(split.test.end(), middle, middle + test_counts[c]);
  }
  split.train = shuffled(split.train, generator);
  split.test = shuffled(split.test, generator);
  return split;
}

}  // namespace bart
