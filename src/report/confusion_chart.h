#pragma once

#include <string>
#include <vector>

#include "bart/training/metrics.h"

namespace bart {

/// The confusion matrix as an inline SVG heat map: a row a true class, a column a predicted one, cells shaded
/// by their share of the row; right ones in one colour, mistakes in another. Empty cells are left out.
std::string confusion_chart(const ConfusionMatrix& matrix, const std::vector<std::string>& names);

}  // namespace bart
