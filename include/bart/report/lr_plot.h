#pragma once

#include <string>

#include "bart/training/lr_range_test.h"

namespace bart {

/// The learning rate test as a self-contained SVG for light and dark screens: the loss over the learning
/// rate, on a logarithmic axis, with the suggested rate marked.
std::string lr_plot(const LrRangeTest& test);

/// What it says in two lines: where the loss is lowest, and which rate to take.
std::string lr_text(const LrRangeTest& test);

}  // namespace bart
