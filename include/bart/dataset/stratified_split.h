#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bart/dataset/split.h"

namespace bart {

/// scikit-learn's train_test_split(test_size=…, random_state=seed, stratify=labels): every class contributes
/// its share to the test set. `labels` index `classes`. Throws Error, naming the classes, when one has a
/// single picture, or when a side would have fewer pictures than there are classes.
Split stratified_split(std::span<const std::int32_t> labels, const std::vector<std::string>& classes,
                       double test_size, std::uint32_t seed, const HeldOut& held_out = {});

}  // namespace bart
