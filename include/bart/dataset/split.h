#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bart/dataset/listing.h"

namespace bart {

/// The indices of the pictures in each set, in the order in which they are used.
struct Split {
  std::vector<std::uint32_t> train;
  std::vector<std::uint32_t> test;
  std::vector<std::uint32_t> validation = {};  // empty: validation uses the test set, as in the original

  /// The pictures that a training is validated on.
  const std::vector<std::uint32_t>& validated() const { return validation.empty() ? test : validation; }
};

/// How the sentences about a split name the pictures that are kept apart.
struct HeldOut {
  const char* size = "a test size";
  const char* purpose = "for testing";
};

/// scikit-learn's train_test_split(test_size=…, random_state=seed) without stratification: of
/// RandomState(seed).permutation(n) the first ceil(test_size * n) are the test set, the rest the training
/// set. Throws Error when a side would be empty.
Split train_test_split(std::uint32_t n, double test_size, std::uint32_t seed, const HeldOut& held_out = {});

/// The split of the data set itself: each picture is on the side of its part, and pictures of no part are on
/// the training side, in the given order. Validation pictures without test pictures are the test set (and
/// Split::validation stays empty, as in the original, which validates on its test set). Empty if no picture
/// is for validation or testing. Throws Error when there are no pictures to train on.
std::optional<Split> split_by_parts(std::span<const Part> parts);

/// The classes that have no picture in `split.train`, in their order. `labels[i]` is picture i's index into
/// `classes`.
std::vector<std::string> classes_without_training(const Split& split, std::span<const std::int32_t> labels,
                                                  const std::vector<std::string>& classes);

}  // namespace bart
