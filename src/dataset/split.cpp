#include "bart/dataset/split.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "bart/platform/error.h"
#include "bart/random/numpy.h"

namespace bart {

Split train_test_split(std::uint32_t n, double test_size, std::uint32_t seed) {
  if (!(test_size > 0 && test_size < 1)) {
    throw Error(fmt::format("a test size of {} is not possible: it must be between 0 and 1", test_size));
  }
  const auto tests = static_cast<std::uint32_t>(std::ceil(test_size * n));
  if (tests == 0 || tests >= n) {
    throw Error(
        fmt::format("a test size of {} leaves {} of {} pictures for testing and {} for training: both need "
                    "at least one",
                    test_size, tests, n, n - tests));
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
  std::vector<bool> present(classes.size(), false);
  for (const std::uint32_t i : split.train) {
    if (i >= labels.size()) {
      throw Error(fmt::format("the split names picture {}, and there are {}", i, labels.size()));
    }
    const std::int32_t label = labels[i];
    if (label < 0 || static_cast<std::size_t>(label) >= classes.size()) {
      throw Error(
          fmt::format("picture {} has the label {}, and there are {} classes", i, label, classes.size()));
    }
    present[static_cast<std::size_t>(label)] = true;
  }
  std::vector<std::string> missing;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (!present[c]) missing.push_back(classes[c]);
  }
  return missing;
}

}  // namespace bart
