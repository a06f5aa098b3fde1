#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bart/training/metrics.h"

namespace bart {

/// The classes in an order in which those that are mistaken for each other stand side by side: a chain that
/// begins with the two that are confused most and is extended at either end by the class most confused with
/// that end.
std::vector<std::int32_t> similarity_order(const ConfusionMatrix& matrix);

/// The confusion matrix as an inline SVG heat map, with one row per true class and one column per predicted
/// class. Cells are shaded by their share of the row, correct predictions in one colour and mistakes in
/// another. Empty cells are left out.
std::string confusion_chart(const ConfusionMatrix& matrix, const std::vector<std::string>& names);

}  // namespace bart
