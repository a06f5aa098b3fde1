#include "bart/audit/label_issues.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bart/platform/error.h"

namespace bart {
namespace {

/// cleanlab compares floating-point numbers with this tolerance.
constexpr double tolerance = 1e-6;

/// numpy's sum: in pairs of blocks, and eight partial sums in a block. Halves are rounded in what follows, so
/// that the last bit of a sum can decide.
double sum_of(std::span<const double> values) {
  if (values.size() > 128) {
    std::size_t half = values.size() / 2;
    half -= half % 8;
    return sum_of(values.first(half)) + sum_of(values.subspan(half));
  }
  double sum = 0;
  std::size_t i = 0;
  if (values.size() >= 8) {
    double parts[8];
    std::copy_n(values.begin(), 8, parts);
    for (i = 8; i + 8 <= values.size(); i += 8) {
      for (std::size_t k = 0; k < 8; ++k) parts[k] += values[i + k];
    }
    sum = ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]));
  }
  for (; i < values.size(); ++i) sum += values[i];
  return sum;
}

std::size_t largest(std::span<const double> row) {
  return static_cast<std::size_t>(std::ranges::max_element(row) - row.begin());
}

void check(const OutOfSample& data) {
  const bool fit = data.classes > 0 && data.probabilities.size() % data.classes == 0 &&
                   data.probabilities.size() / data.classes == data.size() &&
                   std::ranges::all_of(data.labels, [&](std::int32_t label) {
                     return label >= 0 && static_cast<std::size_t>(label) < data.classes;
                   });
  if (!fit) throw Error("the probabilities do not fit the labels");
  if (!std::ranges::all_of(data.probabilities, [](double p) { return p >= 0 && p <= 1; }))
    throw Error("a probability is not from 0 to 1");
}

std::vector<double> pictures_per_class(const OutOfSample& data) {
  std::vector<double> counts(data.classes);
  for (const std::int32_t label : data.labels) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

/// Rounds to whole numbers with the same sum: those that lost or gained most are changed by one.
std::vector<std::int64_t> rounded_with_same_sum(const std::vector<double>& values) {
  std::vector<double> whole(values.size());
  std::ranges::transform(values, whole.begin(), [](double value) { return std::nearbyint(value); });
  const double wanted = std::nearbyint(sum_of(values));
  for (double sum = std::nearbyint(sum_of(whole)); std::abs(sum - wanted) > tolerance;
       sum = std::nearbyint(sum_of(whole))) {
    const double step = sum < wanted ? 1 : -1;
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return values[i] - whole[i]; });
    if (step > 0) std::ranges::reverse(order);
    order.resize(std::min(order.size(), static_cast<std::size_t>(std::abs(wanted - sum))));
    for (const std::size_t i : order) whole[i] += step;
  }
  return {whole.begin(), whole.end()};
}

/// Column `label` of the joint without its diagonal: how many pictures of the label are to be taken for each
/// other class. At least one picture of the label must be left.
std::vector<std::int64_t> counts_to_prune(const std::vector<std::int64_t>& joint, std::size_t classes,
                                          std::size_t label) {
  const auto row = std::span(joint).subspan(label * classes, classes);
  const auto raised = static_cast<double>(std::max<std::int64_t>(row[label], 1) - row[label]);
  const double others =
      std::max(1.0, static_cast<double>(classes) - static_cast<double>(std::ranges::count(row, 0)) - 1);
  std::vector<std::int64_t> counts(classes);
  for (std::size_t k = 0; k < classes; ++k) {
    const double count = static_cast<double>(row[k]) - raised / others;
    if (k != label && count > 0) counts[k] = static_cast<std::int64_t>(count);
  }
  return counts;
}

}  // namespace

std::vector<double> confident_thresholds(const OutOfSample& data) {
  check(data);
  std::vector<double> thresholds(data.classes, 2);
  std::vector<std::vector<double>> own(data.classes);
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto label = static_cast<std::size_t>(data.labels[i]);
    own[label].push_back(data.row(i)[label]);
  }
  for (std::size_t k = 0; k < data.classes; ++k) {
    if (own[k].empty()) continue;
    thresholds[k] = std::max(2 * tolerance, sum_of(own[k]) / static_cast<double>(own[k].size()));
  }
  return thresholds;
}

std::vector<std::int64_t> confident_joint(const OutOfSample& data) {
  const std::vector<double> thresholds = confident_thresholds(data);
  const std::size_t n = data.classes;
  std::vector<double> counts(n * n);
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto row = data.row(i);
    std::size_t reached = 0, first = 0;
    for (std::size_t k = n; k-- > 0;) {
      if (row[k] < thresholds[k] - tolerance) continue;
      ++reached;
      first = k;
    }
    if (reached == 0) continue;
    ++counts[static_cast<std::size_t>(data.labels[i]) * n + (reached > 1 ? largest(row) : first)];
  }
  const std::vector<double> pictures = pictures_per_class(data);
  std::vector<double> by_column(n * n);  // the order in which numpy adds them
  for (std::size_t label = 0; label < n; ++label) {
    const auto row = std::span(counts).subspan(label * n, n);
    row[label] = std::max(row[label], 1.0);
    const double total = std::accumulate(row.begin(), row.end(), 0.0);  // of whole numbers: exact
    for (std::size_t k = 0; k < n; ++k) {
      row[k] = row[k] / total * pictures[label];
      by_column[k * n + label] = row[k];
    }
  }
  const double sum = std::max(sum_of(by_column), 1e-100);
  std::vector<std::int64_t> joint;
  for (std::size_t label = 0; label < n; ++label) {
    std::vector<double> row(counts.begin() + static_cast<std::ptrdiff_t>(label * n),
                            counts.begin() + static_cast<std::ptrdiff_t>((label + 1) * n));
    for (double& value : row) value = value / sum * static_cast<double>(data.size());
    std::ranges::copy(rounded_with_same_sum(row), std::back_inserter(joint));
  }
  return joint;
}

std::vector<double> label_scores(const OutOfSample& data, IssueRanking ranking) {
  check(data);
  std::vector<double> scores(data.size());
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto row = data.row(i);
    const auto label = static_cast<std::size_t>(data.labels[i]);
    scores[i] = row[label];
    if (ranking == IssueRanking::self_confidence) continue;
    double other = -INFINITY;
    for (std::size_t k = 0; k < data.classes; ++k) {
      if (k != label) other = std::max(other, row[k]);
    }
    scores[i] = (row[label] - other + 1) / 2;
  }
  return scores;
}

std::vector<std::uint32_t> label_issues(const OutOfSample& data, IssueRanking ranking) {
  const std::vector<std::int64_t> joint = confident_joint(data);
  std::vector<std::vector<std::uint32_t>> members(data.classes);
  for (std::uint32_t i = 0; i < data.size(); ++i) {
    members[static_cast<std::size_t>(data.labels[i])].push_back(i);
  }
  std::vector<bool> doubtful(data.size());
  for (std::size_t label = 0; label < data.classes; ++label) {
    if (members[label].size() <= 1) continue;
    const std::vector<std::int64_t> counts = counts_to_prune(joint, data.classes, label);
    for (std::size_t k = 0; k < data.classes; ++k) {
      if (counts[k] == 0) continue;
      std::vector<std::uint32_t> order = members[label];
      std::ranges::stable_sort(order, std::greater<>(),
                               [&](std::uint32_t i) { return data.row(i)[k] - data.row(i)[label]; });
      order.resize(std::min(order.size(), static_cast<std::size_t>(counts[k])));
      for (const std::uint32_t i : order) doubtful[i] = true;
    }
  }
  std::vector<std::uint32_t> issues;
  for (std::uint32_t i = 0; i < data.size(); ++i) {
    if (!doubtful[i]) continue;
    const auto label = static_cast<std::size_t>(data.labels[i]);
    std::vector<double> row(data.row(i).begin(), data.row(i).end());
    row[label] += tolerance;
    if (largest(row) != label) issues.push_back(i);
  }
  const std::vector<double> scores = label_scores(data, ranking);
  std::ranges::stable_sort(issues, {}, [&](std::uint32_t i) { return scores[i]; });
  return issues;
}

}  // namespace bart
