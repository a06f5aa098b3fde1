#pragma once

#include <string>
#include <vector>

#include "bart/training/metrics.h"

namespace bart {

/// The confusion matrix as an inline SVG heat map, with one row per true class and one column per predicted
/// class. Cells are shaded by their share of the row, correct predictions in one colour and mistakes in
/// another. Empty cells are left out.
std::string confusion_chart(const ConfusionMatrix& matrix, const std::vector<std::string>& names);

}  // namespace bart
