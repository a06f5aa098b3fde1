#include "bart/dataset/split.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/random/numpy.h"
#include "split_parts.h"

namespace bart {

void check_test_size(double test_size, const HeldOut& held_out) {
  if (!(test_size > 0 && test_size < 1)) {
    throw Error(
        fmt::format("{} of {} is not possible: it must be between 0 and 1", held_out.size, test_size));
  }
}

void check_labels(std::span<const std::int32_t> labels, std::size_t classes) {
  if (labels.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(fmt::format("{} pictures are too many: at most 2^32 - 1 can be used", labels.size()));
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0 && static_cast<std::size_t>(labels[i]) < classes) continue;
    throw Error(fmt::format("picture {} has the label {}, and there are {} classes", i, labels[i], classes));
  }
}

std::vector<std::uint32_t> shuffled(const std::vector<std::uint32_t>& values, Mt19937& generator) {
  std::vector<std::uint32_t> result;
  for (const std::uint32_t i : numpy_permutation(generator, static_cast<std::uint32_t>(values.size()))) {
    result.push_back(values[i]);
  }
  return result;
}

Split train_test_split(std::uint32_t n, double test_size, std::uint32_t seed, const HeldOut& held_out) {
  check_test_size(test_size, held_out);
  const auto tests = static_cast<std::uint32_t>(std::ceil(test_size * n));
  if (tests == 0 || tests >= n) {
    throw Error(fmt::format("{} of {} leaves {} of {} {} and {} for training: both need at least one",
                            held_out.size, test_size, tests, counted(n, "picture", "pictures"),
                            held_out.purpose, n - tests));
  }
  const std::vector<std::uint32_t> permutation = numpy_permutation(seed, n);
  const auto middle = permutation.begin() + tests;
  return {.train = {middle, permutation.end()}, .test = {permutation.begin(), middle}};
}

std::optional<Split> split_by_parts(std::span<const Part> parts) {
  Split split;
  for (std::uint32_t i = 0; i < parts.size(); ++i) {
    auto& side = parts[i] == Part::test         ? split.test
                 : parts[i] == Part::validation ? split.validation
                                                : split.train;
    side.push_back(i);
  }
  if (split.test.empty()) std::swap(split.test, split.validation);
  if (split.test.empty()) return std::nullopt;
  if (split.train.empty()) {
    throw Error("the data set holds no pictures for training, only for validation or testing");
  }
  return split;
}

std::vector<std::string> classes_without_training(const Split& split, std::span<const std::int32_t> labels,
                                                  const std::vector<std::string>& classes) {
  check_labels(labels, classes.size());
  std::vector<bool> present(classes.size(), false);
  for (const std::uint32_t i : split.train) {
    if (i >= labels.size()) {
      throw Error(fmt::format("the split names picture {}, and there are {}", i, labels.size()));
    }
    present[static_cast<std::size_t>(labels[i])] = true;
  }
  std::vector<std::string> missing;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (!present[c]) missing.push_back(classes[c]);
  }
  return missing;
}

}  // namespace bart
